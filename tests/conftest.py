"""Real servers for the whole run, started when the first test asks: one PostgreSQL, one OpenSearch."""

from collections.abc import AsyncIterator
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio

from services.node.install.home import opensearch_home
from services.node.install.opensearch_lock import LOCK_FILE, read_lock
from services.node.servers.opensearch import running_opensearch
from tests.support.postgres import fresh_database, running_postgres

# A busy machine is no defect: time is for benchmarks.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """URL of a PostgreSQL server; make a database of your own with `fresh_database`."""
    async with running_postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def postgres_database_url(postgres_url: str) -> str:
    """URL of an empty database on PostgreSQL."""
    return await fresh_database(postgres_url)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database. PostgreSQL starts only when a test asks for it, which an async fixture cannot do."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/store.db"
    url: str = request.getfixturevalue("postgres_database_url")
    return url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def opensearch_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """URL of a real OpenSearch; use an index name of your own."""
    base = tmp_path_factory.mktemp("opensearch")
    async with running_opensearch(opensearch_home(read_lock(LOCK_FILE)), base, heap="512m", quick=True) as server:
        yield server.url
