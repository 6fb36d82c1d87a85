"""A pytest plugin: one stage for the whole session, and the tables that its tests print at the end of the run.

Test modules load it by name (`pytest_plugins`), so that all of them share the one running stage.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.postgres import fresh_database
from tests.support.storm.cast import Cast, databases
from tests.support.storm.quiet import become_quiet
from tests.support.storm.report import TABLES
from tests.support.storm.stage import Stage, running_stage


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A running federation on both database engines; a test leaves it whole and quiet."""
    urls = await databases(lambda: fresh_database(postgres_url))
    async with running_stage(Cast(tmp_path_factory.mktemp("storm"), urls)) as running:
        await become_quiet(running)
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables."""
    if TABLES:
        terminalreporter.section("measured")
        for line in TABLES:
            terminalreporter.write_line(line)
