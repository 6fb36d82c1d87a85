"""Storms that take minutes: `make storm-referrals` runs them, `make test` does not."""

import os

collect_ignore_glob = [] if os.environ.get("LOTSE_STORMS") else ["test_*.py"]
