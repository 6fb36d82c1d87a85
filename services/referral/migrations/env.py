"""Runs the referral service's migrations."""

from services.common.db.environment import run_environment
from services.referral.adapters.tables import METADATA

run_environment(METADATA)
