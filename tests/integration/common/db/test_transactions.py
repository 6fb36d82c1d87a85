"""Concurrent changes lose nothing, and what is not committed is not there."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncSession as PlainSession
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import select

from services.common.db.engine import ROWS_ADDED, Database, connect_database
from services.common.db.failures import is_unique_violation
from services.common.errors import ComeBackLater
from tests.integration.common.db.tiny.tables import NoteRow, RemarkRow

pytestmark = pytest.mark.asyncio(loop_scope="session")

TASKS, ROUNDS = 8, 20


async def _readers(database: Database) -> int:
    async with database.reading() as session:
        return (await session.exec(select(NoteRow).where(NoteRow.id == "a"))).one().readers


async def _add_note(database: Database, note: NoteRow) -> None:
    async with database.transaction() as session:
        session.add(note)


async def test_concurrent_changes_of_one_row_lose_no_update(database: Database, tiny_url: str) -> None:
    await _add_note(database, NoteRow(id="a"))

    async def count_up(own: Database) -> None:
        for _ in range(ROUNDS):
            async with own.transaction() as session:
                note = (await session.exec(select(NoteRow).where(NoteRow.id == "a").with_for_update())).one()
                await asyncio.sleep(0)
                note.readers += 1

    # Two connected databases stand for two processes: within one, SQLite's writers queue for one connection anyway.
    async with connect_database(tiny_url) as other:
        await asyncio.gather(*(count_up(database if task % 2 else other) for task in range(TASKS)))
    assert await _readers(database) == TASKS * ROUNDS


async def test_without_our_engine_the_same_changes_are_lost_in_silence(database: Database, tiny_url: str) -> None:
    """Shows that the rule is needed: the moment this fails, the libraries' defaults have become safe."""
    await _add_note(database, NoteRow(id="a"))
    naive = create_async_engine(tiny_url)
    sessions = async_sessionmaker(naive, class_=PlainSession)
    both_have_read = asyncio.Barrier(2)

    async def count_up() -> None:
        async with sessions() as session:
            readers = (await session.execute(text("SELECT readers FROM note WHERE id = 'a'"))).scalar_one()
            await both_have_read.wait()
            await session.execute(text("UPDATE note SET readers = :readers WHERE id = 'a'"), {"readers": readers + 1})
            await session.commit()

    try:
        await asyncio.gather(count_up(), count_up())
    finally:
        await naive.dispose()
    assert await _readers(database) == 1


async def test_an_error_undoes_everything_before_it(database: Database) -> None:
    async def write_and_fail() -> None:
        async with database.transaction() as session:
            session.add(NoteRow(id="a"))
            await session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        await write_and_fail()
    async with database.reading() as session:
        assert (await session.exec(select(NoteRow))).all() == []


async def test_a_cancelled_transaction_writes_nothing_and_blocks_nobody(database: Database) -> None:
    written = asyncio.Event()

    async def never_ending() -> None:
        async with database.transaction() as session:
            session.add(NoteRow(id="a"))
            await session.flush()
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ending())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _add_note(database, NoteRow(id="b"))
    async with database.reading() as session:
        assert [note.id for note in await session.exec(select(NoteRow))] == ["b"]


async def test_a_cancellation_at_any_await_leaves_all_or_nothing(database: Database) -> None:
    """Cancel after 0, 1, 2 … turns of the loop until the transaction is faster; both rows are there or neither."""

    async def write_two(name: str) -> None:
        async with database.transaction() as session:
            session.add(NoteRow(id=f"{name}-first"))
            await session.flush()
            session.add(NoteRow(id=f"{name}-second"))

    finished = 0
    for turns in range(60):
        task = asyncio.create_task(write_two(f"n{turns}"))
        for _ in range(turns):
            await asyncio.sleep(0.0005)
        task.cancel()
        outcome = (await asyncio.gather(task, return_exceptions=True))[0]
        async with database.reading() as session:
            rows = (await session.exec(select(NoteRow).where(NoteRow.id.startswith(f"n{turns}-")))).all()
        assert len(rows) in {0, 2}
        if outcome is None:
            assert len(rows) == 2
            finished += 1
    assert finished > 0


async def test_a_cancellation_during_the_commit_waits_for_its_end(database: Database) -> None:
    async def write() -> None:
        async with database.transaction() as session:
            session.add(NoteRow(id="a"))
            session.info[ROWS_ADDED] = True

    task = asyncio.create_task(write())

    def cancel_now(_connection: object) -> None:
        task.cancel()

    event.listen(database.engine.sync_engine, "commit", cancel_now)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await _readers(database) == 0  # the row is there, not half-way between
    assert database.signal.count == 1


async def test_a_reading_session_cannot_write(database: Database) -> None:
    async def write_while_reading() -> None:
        async with database.reading() as session:
            session.add(NoteRow(id="a"))
            await session.flush()

    with pytest.raises(DBAPIError):
        await write_while_reading()


async def test_a_reading_session_sees_one_moment(database: Database) -> None:
    async with database.reading() as session:
        before = (await session.exec(select(NoteRow))).all()
        await _add_note(database, NoteRow(id="a"))
        assert (await session.exec(select(NoteRow))).all() == before


async def test_references_are_checked(database: Database) -> None:
    with pytest.raises(IntegrityError) as caught:
        await _add_remark(database, "nowhere")
    assert not is_unique_violation(caught.value)


async def _add_remark(database: Database, note_id: str) -> None:
    async with database.transaction() as session:
        session.add(RemarkRow(note_id=note_id))


async def test_a_taken_key_is_told_apart_without_its_value(database: Database) -> None:
    await _add_note(database, NoteRow(id="a"))
    with pytest.raises(IntegrityError) as caught:
        await _add_note(database, NoteRow(id="a"))
    assert is_unique_violation(caught.value)


async def test_moments_come_back_aware_and_in_utc(database: Database) -> None:
    summer_in_saxony = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=2)))
    await _add_note(database, NoteRow(id="a", made_time=summer_in_saxony, facts={"ä": [1, None]}))
    async with database.reading() as session:
        note = (await session.exec(select(NoteRow).where(NoteRow.made_time == summer_in_saxony))).one()
    assert note.made_time == summer_in_saxony
    assert note.made_time.tzinfo is UTC
    assert note.facts == {"ä": [1, None]}


async def test_a_naive_moment_is_refused(database: Database) -> None:
    with pytest.raises(StatementError) as caught:
        await _add_note(database, NoteRow(id="a", made_time=datetime(2026, 7, 1)))  # noqa: DTZ001 - the point of it
    assert isinstance(caught.value.orig, ValueError)


async def test_an_absent_document_is_null(database: Database) -> None:
    await _add_note(database, NoteRow(id="a", facts=None))
    async with database.reading() as session:
        nulls = await (await session.connection()).execute(text("SELECT count(*) FROM note WHERE facts IS NULL"))
        assert nulls.scalar_one() == 1


async def test_a_commit_in_sqlite_reaches_the_disk_and_references_are_on(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/store.db"
    async with connect_database(url) as database, database.transaction() as session:
        connection = await session.connection()
        found = {
            name: (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


async def test_a_commit_in_postgres_reaches_the_disk_and_waits_are_bounded(postgres_url: str) -> None:
    url = f"{postgres_url}?options=-csynchronous_commit%3Doff"
    async with connect_database(url) as database, database.transaction() as session:
        connection = await session.connection()
        found = {
            name: (await connection.execute(text(f"SHOW {name}"))).scalar_one()
            for name in ("synchronous_commit", "lock_timeout", "transaction_isolation")
        }
    assert found == {"synchronous_commit": "on", "lock_timeout": "5s", "transaction_isolation": "read committed"}


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://anna:secret@127.0.0.1:1/directory", "sqlite+aiosqlite:////nonexistent/anna/secret.db"]
)
async def test_a_database_that_is_away_is_come_back_later_and_tells_no_address(url: str) -> None:
    async with connect_database(url) as database:
        with pytest.raises(ComeBackLater) as caught:
            await _add_note(database, NoteRow(id="anna-secret"))
        with pytest.raises(ComeBackLater):
            await database.ping()
    assert caught.value.reason == "DATABASE_UNAVAILABLE"
    assert caught.value.__suppress_context__
    assert not any(word in f"{caught.value!r} {caught.value}" for word in ("anna", "secret", "127.0.0.1"))


async def test_a_locked_database_is_come_back_later(database: Database, tiny_url: str) -> None:
    await _add_note(database, NoteRow(id="a"))
    async with database.transaction() as holder, connect_database(tiny_url, lock_wait_seconds=0.1) as hasty:
        await holder.exec(select(NoteRow).where(NoteRow.id == "a").with_for_update())
        with pytest.raises(ComeBackLater):
            async with hasty.transaction() as session:
                await session.exec(select(NoteRow).where(NoteRow.id == "a").with_for_update())


async def test_who_waits_too_long_for_a_connection_comes_back_later(tiny_url: str) -> None:
    async def hold(database: Database, enough: asyncio.Event) -> None:
        async with database.transaction() as session:
            await session.connection()
            await enough.wait()

    enough = asyncio.Event()
    async with connect_database(tiny_url, lock_wait_seconds=0.1) as database:
        holders = [asyncio.create_task(hold(database, enough)) for _ in range(20)]  # more than either pool has
        refused, _ = await asyncio.wait(holders, return_when=asyncio.FIRST_COMPLETED)
        enough.set()
        await asyncio.wait(holders)
    assert {type(holder.exception()) for holder in refused} == {ComeBackLater}
    assert {type(holder.exception()) for holder in holders} == {ComeBackLater, type(None)}


async def test_a_lost_connection_is_come_back_later_and_the_next_call_works(postgres_url: str) -> None:
    async def lose_connection(database: Database) -> None:
        async with database.transaction() as session:
            connection = await session.connection()
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    async with connect_database(postgres_url) as database:
        await database.ping()
        with pytest.raises(ComeBackLater):
            await lose_connection(database)
        await database.ping()


async def test_a_missing_table_is_a_defect_and_no_outage(tmp_path: Path) -> None:
    async with connect_database(f"sqlite+aiosqlite:///{tmp_path}/empty.db") as database:
        with pytest.raises(DBAPIError):
            await _add_note(database, NoteRow(id="a"))
