"""Runs the search service until it is told to stop: `python -m services.search`."""

import asyncio

from services.common.log import configure_logging
from services.search.app import run
from services.search.settings import SearchSettings

if __name__ == "__main__":
    settings = SearchSettings.load()
    configure_logging(settings.log_level)
    asyncio.run(run(settings))
