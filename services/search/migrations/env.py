"""Runs this service's revisions (services.common.db.environment)."""

from services.common.db.environment import run_environment
from services.search.adapters.tables import SearchTable

run_environment(SearchTable.metadata)
