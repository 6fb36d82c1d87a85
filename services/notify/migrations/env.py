"""Runs this service's revisions (services.common.db.environment)."""

from services.common.db.environment import run_environment
from services.notify.adapters.tables import NotifyTable

run_environment(NotifyTable.metadata)
