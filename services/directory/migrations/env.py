"""Runs the directory's migrations."""

from services.common.db.environment import run_environment
from services.directory.adapters.tables import METADATA

run_environment(METADATA)
