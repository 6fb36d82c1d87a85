"""Run the test service's revisions."""

from services.common.db.environment import run_environment
from tests.integration.common.db.tiny.tables import TinyTable

run_environment(TinyTable.metadata)
