"""Every store that the directory can stand on, empty, with a way to see what it has sent."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from services.common.db import migrations, outbox
from services.common.db.engine import connect_database
from services.common.db.outbox import OutboxRecord
from services.directory.adapters.memory import MemoryDirectoryStore
from services.directory.adapters.sql import SqlDirectoryStore
from services.directory.app import MIGRATIONS
from tests.contract.directory.bench import EPOCH, Bench


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def engine_url(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    """URL of an empty database; None stands for memory."""
    if request.param == "postgres":
        url: str = request.getfixturevalue("postgres_database_url")
        return url
    return None if request.param == "memory" else f"sqlite+aiosqlite:///{tmp_path}/store.db"


@pytest_asyncio.fixture(loop_scope="session")
async def bench(engine_url: str | None) -> AsyncIterator[Bench]:
    if engine_url is None:
        memory = MemoryDirectoryStore(EPOCH)

        async def remembered() -> Sequence[OutboxRecord]:
            return memory.outbox

        yield Bench(memory, remembered)
        return
    await migrations.upgrade(engine_url, MIGRATIONS, "directory")
    async with connect_database(engine_url) as database:

        async def stored() -> Sequence[OutboxRecord]:
            async with database.reading() as session:
                return [row.record for row in await outbox.oldest(session, "hub")]

        yield Bench(SqlDirectoryStore(database, EPOCH), stored)
