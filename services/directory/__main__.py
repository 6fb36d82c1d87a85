"""Runs the directory service until it is told to stop: `python -m services.directory`."""

import asyncio

from services.common.log import configure_logging
from services.directory.app import run
from services.directory.settings import DirectorySettings

if __name__ == "__main__":
    settings = DirectorySettings.load()
    configure_logging(settings.log_level)
    asyncio.run(run(settings))
