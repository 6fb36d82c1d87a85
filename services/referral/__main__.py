"""Runs the referral service until it is told to stop: `python -m services.referral`."""

import sys

from services.common.runner import run_service
from services.referral.app import run
from services.referral.settings import ReferralSettings

if __name__ == "__main__":
    sys.exit(run_service(ReferralSettings, run))
