"""Of several processes one does the work, and another takes over when it is gone."""

from pathlib import Path

import pytest
from sqlalchemy import text

from services.common.db.engine import Database, connect_database
from services.common.db.locks import sole_holder

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_one_process_holds_a_name_and_another_follows_it(postgres_url: str) -> None:
    async with (
        connect_database(postgres_url) as one,
        connect_database(postgres_url) as other,
        sole_holder(other.engine, "relay:hub") as second,
    ):
        async with sole_holder(one.engine, "relay:hub") as first:
            assert await first.holds()
            assert not await second.holds()
            assert await first.holds()
        assert await second.holds()


async def test_different_names_do_not_meet(postgres_url: str) -> None:
    async with (
        connect_database(postgres_url) as database,
        sole_holder(database.engine, "relay:hub") as hub,
        sole_holder(database.engine, "relay:local") as local,
    ):
        assert await hub.holds()
        assert await local.holds()


async def test_who_lost_the_connection_knows_that_the_lock_is_lost(postgres_url: str) -> None:
    async with (
        connect_database(postgres_url) as one,
        connect_database(postgres_url) as other,
        sole_holder(one.engine, "relay:hub") as first,
        sole_holder(other.engine, "relay:hub") as second,
    ):
        assert await first.holds()
        await _end_who_holds_locks(other)
        assert await second.holds()
        assert not await first.holds()


async def _end_who_holds_locks(database: Database) -> None:
    statement = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    async with database.transaction() as session:
        await (await session.connection()).execute(text(statement))


async def test_the_only_replica_of_sqlite_always_holds(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/store.db"
    async with connect_database(url) as database, sole_holder(database.engine, "relay:hub") as holder:
        assert await holder.holds()


async def test_a_database_that_is_away_is_held_by_nobody() -> None:
    url = "postgresql+psycopg://x@127.0.0.1:1/x"
    async with connect_database(url) as database, sole_holder(database.engine, "relay:hub") as holder:
        assert not await holder.holds()
