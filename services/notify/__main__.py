"""Runs the notify service until it is told to stop: `python -m services.notify`."""

import asyncio

from services.common.log import configure_logging
from services.notify.app import run
from services.notify.settings import NotifySettings

if __name__ == "__main__":
    settings = NotifySettings.load()
    configure_logging(settings.log_level)
    asyncio.run(run(settings))
