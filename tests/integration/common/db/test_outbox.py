"""What is published is kept, in order, until its target has it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.common.db import outbox
from services.common.db.engine import Database
from services.common.db.outbox import MAX_BODY_BYTES, OutboxMark, OutboxRecord, OutboxRow
from services.common.errors import CorrectTheRequest
from tests.integration.common.db.tiny.tables import NoteRow

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TARGETS = ("hub", "local")


def _record(record_id: str, revision: int = 1, body: bytes = b"text", time: datetime = NOON) -> OutboxRecord:
    return OutboxRecord("offer", record_id, 1, revision, False, body, time)


async def _add(database: Database, *records: OutboxRecord) -> None:
    async with database.transaction() as session:
        await outbox.add_many(session, records, TARGETS)


async def _oldest(database: Database, target: str = "hub", limit: int = 1000) -> list[OutboxRow]:
    async with database.reading() as session:
        return await outbox.oldest(session, target, limit)


async def test_a_record_waits_once_for_each_target(database: Database) -> None:
    tombstone = OutboxRecord("offer", "a", 2, 7, True, b"", NOON)
    async with database.transaction() as session:
        await outbox.add(session, tombstone, TARGETS)
    assert [row.record for row in await _oldest(database, "hub")] == [tombstone]
    assert [row.record for row in await _oldest(database, "local")] == [tombstone]
    assert await _oldest(database, "elsewhere") == []


async def test_the_oldest_rows_come_first_and_no_more_than_asked_for(database: Database) -> None:
    await _add(database, *(_record(f"n{number}") for number in range(5)))
    rows = await _oldest(database, limit=3)
    assert [row.record.record_id for row in rows] == ["n0", "n1", "n2"]
    assert [row.seq for row in rows] == sorted({row.seq for row in rows})


async def test_an_undone_transaction_publishes_nothing_and_wakes_nobody(database: Database) -> None:
    async def publish_and_fail() -> None:
        async with database.transaction() as session:
            await outbox.add(session, _record("a"), TARGETS)
            raise LookupError

    with pytest.raises(LookupError):
        await publish_and_fail()
    assert await _oldest(database) == []
    assert database.signal.count == 0


async def test_a_commit_with_rows_wakes_every_relay_and_one_without_wakes_none(database: Database) -> None:
    waiting = [asyncio.create_task(database.signal.wait_beyond(0, 5)) for _ in TARGETS]
    async with database.transaction() as session:
        session.add(NoteRow(id="a"))
    assert database.signal.count == 0
    await _add(database, _record("a"))
    assert await asyncio.gather(*waiting) == [True, True]


async def test_a_body_that_no_message_could_carry_is_refused_with_all_its_batch(database: Database) -> None:
    await _add(database, _record("fits", body=b"x" * MAX_BODY_BYTES))
    with pytest.raises(CorrectTheRequest) as caught:
        await _add(database, _record("small"), _record("large", body=b"x" * (MAX_BODY_BYTES + 1)))
    assert caught.value.reason == "ENTRY_TOO_LARGE"
    assert [row.record.record_id for row in await _oldest(database)] == ["fits"]


async def test_what_is_acknowledged_is_forgotten_and_newer_rows_stay(database: Database) -> None:
    await _add(database, _record("a", 1), _record("b", 1), _record("a", 2))
    first, _, second = await _oldest(database)
    await _add(database, _record("a", 3))
    async with database.transaction() as session:
        await outbox.forget(session, "hub", "offer", "a", second.seq)
        await outbox.forget(session, "hub", "offer", "nobody", 99)
    assert first.seq < second.seq
    assert [(row.record.record_id, row.record.revision) for row in await _oldest(database)] == [("b", 1), ("a", 3)]
    assert len(await _oldest(database, "local")) == 4


async def test_forgetting_one_record_leaves_the_others(database: Database) -> None:
    await _add(database, _record("a"), _record("b"))
    async with database.transaction() as session:
        await outbox.forget(session, "hub", "offer", "a", (await _oldest(database))[-1].seq)
    assert [row.record.record_id for row in await _oldest(database)] == ["b"]


async def test_runs_of_rows_are_forgotten_with_their_ends_and_of_one_target_only(database: Database) -> None:
    await _add(database, *(_record(name) for name in "abcdef"))
    rows = await _oldest(database)
    async with database.transaction() as session:
        await outbox.forget_runs(session, "hub", [(rows[0].seq, rows[1].seq), (rows[3].seq, rows[4].seq)])
        await outbox.forget_runs(session, "hub", [])
    assert [row.record.record_id for row in await _oldest(database)] == ["c", "f"]
    assert len(await _oldest(database, "local")) == 6


async def test_reading_goes_on_beyond_a_row(database: Database) -> None:
    await _add(database, *(_record(name) for name in "abcd"))
    rows = await _oldest(database, limit=2)
    async with database.reading() as session:
        following = await outbox.oldest(session, "hub", 1, beyond=rows[-1].seq)
    assert [row.record.record_id for row in following] == ["c"]


async def test_a_number_is_never_used_again(database: Database) -> None:
    await _add(database, _record("a"))
    (row,) = await _oldest(database, "local")
    async with database.transaction() as session:
        for target in TARGETS:
            await outbox.forget(session, target, "offer", "a", row.seq)
    await _add(database, _record("a", 2))
    assert (await _oldest(database))[0].seq > row.seq


async def test_rows_become_visible_in_the_order_of_their_numbers(database: Database) -> None:
    """Whoever saw the newest row must not find an older one later: the high mark would be a lie."""
    highest, done = 0, False

    async def publish(task: int) -> None:
        for number in range(10):
            await _add(database, _record(f"t{task}-{number}"))

    async def watch() -> None:
        nonlocal highest
        seen: set[int] = set()
        while not done:
            numbers = {row.seq for row in await _oldest(database)}
            assert not {seq for seq in numbers - seen if seq < highest}
            seen, highest = numbers, max(numbers, default=0)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(publish(task) for task in range(6)))
    done = True
    await watching
    assert len(await _oldest(database)) == 60


async def test_depth_tells_rows_and_age_of_each_target(database: Database) -> None:
    await _add(database, _record("a", time=NOON), _record("b", time=NOON + timedelta(minutes=1)))
    async with database.transaction() as session:
        await outbox.forget(session, "hub", "offer", "a", 2**40)
    async with database.reading() as session:
        depth = await outbox.depth(session)
    assert {target: (one.rows, one.oldest_time) for target, one in depth.items()} == {
        "hub": (1, NOON + timedelta(minutes=1)),
        "local": (2, NOON),
    }


async def test_the_high_mark_only_rises_until_a_rollback_is_answered(database: Database) -> None:
    async with database.transaction() as session:
        assert await outbox.high_mark(session, "hub") == OutboxMark(0, 0)
        for sent_seq, stream_seq in ((5, 100), (3, 120), (9, 90)):
            await outbox.record_acks(session, "hub", sent_seq, stream_seq)
        assert await outbox.high_mark(session, "hub") == OutboxMark(9, 120)
        assert await outbox.high_mark(session, "local") == OutboxMark(0, 0)
        await outbox.restart_stream(session, "hub", 4)
        assert await outbox.high_mark(session, "hub") == OutboxMark(9, 4)


async def test_reading_and_forgetting_use_the_indexes_in_sqlite(database: Database) -> None:
    """A scan would make each of a relay's steps as long as the backlog, which may have a million rows."""
    async with database.reading() as session:
        connection = await session.connection()
        if connection.dialect.name != "sqlite":
            return
        for statement in (
            "SELECT * FROM outbox WHERE target = 'hub' ORDER BY seq LIMIT 1000",
            "DELETE FROM outbox WHERE target = 'hub' AND kind = 'offer' AND record_id = 'a' AND seq <= 9",
        ):
            plan = " ".join(str(row) for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {statement}")))
            assert "USING" in plan
            assert "SCAN" not in plan
            assert "TEMP B-TREE" not in plan
