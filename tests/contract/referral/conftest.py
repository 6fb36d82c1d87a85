"""Every store that the referral service can stand on, empty, with a way to see what it has sent."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from services.common.db import migrations, outbox
from services.common.db.engine import connect_database
from services.common.db.outbox import OutboxRecord
from services.referral.adapters.memory import MemoryReferralStore
from services.referral.adapters.sql import SqlReferralStore
from services.referral.app import MIGRATIONS
from services.referral.ports import ReferralStore

EPOCH = 3


@dataclass(frozen=True)
class Bench:
    """A store under test; `sent` gives what waits for a target, oldest first, and leaves it there or not."""

    store: ReferralStore
    sent: Callable[[str], Awaitable[Sequence[OutboxRecord]]]


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
        memory = MemoryReferralStore(EPOCH)

        async def remembered(target: str) -> Sequence[OutboxRecord]:
            return memory.take_outbox(target)

        yield Bench(memory, remembered)
        return
    await migrations.upgrade(engine_url, MIGRATIONS, "referral")
    async with connect_database(engine_url) as database:

        async def stored(target: str) -> Sequence[OutboxRecord]:
            async with database.reading() as session:
                return [row.record for row in await outbox.oldest(session, target)]

        yield Bench(SqlReferralStore(database, EPOCH), stored)
