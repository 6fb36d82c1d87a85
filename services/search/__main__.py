"""Runs the search service until it is told to stop: `python -m services.search`."""

import sys

from services.common.runner import run_service
from services.search.app import run
from services.search.settings import SearchSettings

if __name__ == "__main__":
    sys.exit(run_service(SearchSettings, run))
