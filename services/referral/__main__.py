"""Runs the referral service until it is told to stop: `python -m services.referral`."""

import asyncio

from services.common.log import configure_logging
from services.referral.app import run
from services.referral.settings import ReferralSettings

if __name__ == "__main__":
    settings = ReferralSettings.load()
    configure_logging(settings.log_level)
    asyncio.run(run(settings))
