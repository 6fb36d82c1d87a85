"""A notify service without broker and mail server on each kind of database, and the letter box of the demo."""

from collections.abc import AsyncIterator, Iterator
from io import StringIO
from pathlib import Path

import pytest
import pytest_asyncio
import structlog

from services.common.log import where_it_broke
from services.common.rpc.callers import Role
from services.notify.app import running
from services.notify.catching import Catcher, running_catcher
from tests.integration.notify.world import Client, Home, World, make_home, plain_smtp


@pytest.fixture(scope="module", autouse=True)
def log_text() -> Iterator[StringIO]:
    """Log as a service does, into a text that tests can read."""
    stream = StringIO()
    structlog.configure(
        processors=[where_it_broke, structlog.processors.JSONRenderer(ensure_ascii=False)],
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    yield stream
    structlog.reset_defaults()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path)


@pytest_asyncio.fixture(loop_scope="session")
async def catcher() -> AsyncIterator[Catcher]:
    async with running_catcher() as caught:
        yield caught


@pytest_asyncio.fixture(loop_scope="session")
async def world(home: Home, database_url: str, catcher: Catcher) -> AsyncIterator[World]:
    async with running(home.settings(database_url, smtp=plain_smtp(catcher.port))) as service:
        yield World(home, service)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(world: World) -> AsyncIterator[Client]:
    """A counsellor."""
    async with world.caller(Role.COUNSELLOR) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def office(world: World) -> AsyncIterator[Client]:
    """A coordinator."""
    async with world.caller(Role.COORDINATOR) as client:
        yield client
