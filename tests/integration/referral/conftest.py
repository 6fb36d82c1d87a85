"""One hub for all tests of the referral service; each test has folders, keys and databases of its own regions."""

from collections.abc import AsyncIterator, Iterator
from io import StringIO
from pathlib import Path

import pytest
import pytest_asyncio
import structlog

from services.common.log import where_it_broke
from tests.integration.referral.world import DRESDEN, LEIPZIG, World
from tests.support.postgres import fresh_database


@pytest.fixture(autouse=True)
def logged() -> Iterator[StringIO]:
    """Log as a service does, into a buffer that a test can read."""
    stream = StringIO()
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, where_it_broke, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    yield stream
    structlog.reset_defaults()


@pytest_asyncio.fixture(loop_scope="session")
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A federation whose hub runs; its regions do not yet."""
    world = World(tmp_path)
    async with world.hub():
        yield world


@pytest.fixture(params=["sqlite", "postgres"])
def server_url(request: pytest.FixtureRequest) -> str:
    """URL of the PostgreSQL server; "" for SQLite. It starts only when asked for, which an async fixture cannot do."""
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else ""


@pytest_asyncio.fixture(loop_scope="session")
async def pair(world: World, server_url: str) -> World:
    """The federation with both regions on one kind of database."""
    if server_url:
        world.databases |= {region: await fresh_database(server_url) for region in (DRESDEN, LEIPZIG)}
    return world
