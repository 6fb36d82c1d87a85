"""Gives each store test a fresh, upgraded database: once on SQLite, once on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.common.db.engine import Database, connect_database
from services.common.db.migrations import upgrade
from tests.support.postgres import fresh_database, running_postgres

TINY_MIGRATIONS = Path(__file__).parent / "tiny" / "migrations"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with running_postgres(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def postgres_database_url(postgres_url: str) -> str:
    return await fresh_database(postgres_url)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database. PostgreSQL starts only when a test asks for it, which an async fixture cannot do."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/store.db"
    url: str = request.getfixturevalue("postgres_database_url")
    return url


@pytest_asyncio.fixture(loop_scope="session")
async def tiny_url(database_url: str) -> str:
    """URL of a database with the test service's tables."""
    await upgrade(database_url, TINY_MIGRATIONS, "tiny")
    return database_url


@pytest_asyncio.fixture(loop_scope="session")
async def database(tiny_url: str) -> AsyncIterator[Database]:
    async with connect_database(tiny_url) as connected:
        yield connected
