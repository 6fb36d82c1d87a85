"""Runs the directory service until it is told to stop: `python -m services.directory`."""

import sys

from services.common.runner import run_service
from services.directory.app import run
from services.directory.settings import DirectorySettings

if __name__ == "__main__":
    sys.exit(run_service(DirectorySettings, run))
