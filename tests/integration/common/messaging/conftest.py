"""A fresh hub for each test that asks: keys, configuration and folder of its own; and one that a module shares."""

from collections.abc import AsyncIterator, Iterator
from io import StringIO
from pathlib import Path

import pytest
import pytest_asyncio
import structlog

from services.common.db.engine import Database
from services.common.log import where_it_broke
from services.node.servers.nats import NatsProcess
from tests.integration.common.messaging.lab import Lab, new_lab, store


@pytest.fixture(scope="module", autouse=True)
def terse_log() -> Iterator[None]:
    """Log as a service does; structlog's default takes seconds to paint one exception."""
    structlog.configure(
        processors=[where_it_broke, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(StringIO()),
        cache_logger_on_first_use=False,
    )
    yield
    structlog.reset_defaults()


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A hub that does not run yet."""
    return new_lab(tmp_path)


@pytest_asyncio.fixture(loop_scope="session")
async def hub(lab: Lab) -> AsyncIterator[NatsProcess]:
    """The lab's hub, running, with its streams and durables."""
    async with lab.running() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared_lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """A hub that runs for all tests of a module; each uses ids of its own."""
    lab = new_lab(tmp_path_factory.mktemp("hub"))
    async with lab.running():
        yield lab


@pytest_asyncio.fixture(loop_scope="session")
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A store with outbox, inbox and parked messages."""
    async with store(tmp_path) as opened:
        yield opened
