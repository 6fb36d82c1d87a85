"""Runs the notify service until it is told to stop: `python -m services.notify`."""

import sys

from services.common.runner import run_service
from services.notify.app import run
from services.notify.settings import NotifySettings

if __name__ == "__main__":
    sys.exit(run_service(NotifySettings, run))
