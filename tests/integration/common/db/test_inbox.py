"""Each version is applied once, never older after newer, and what is deleted stays deleted."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.common.db import inbox
from services.common.db.engine import Database
from services.common.db.inbox import InboxRow, RecordKey, Version

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
_numbers = count()


def _entry(record_id: str, epoch: int, revision: int, *, deleted: bool = False, region: str = "leipzig") -> InboxRow:
    # Position follows from the version: two messages of one version are the same message.
    key = RecordKey(region, "offer", record_id)
    return InboxRow(key, Version(epoch, revision), deleted, epoch * 100 + revision, NOON)


async def _store(database: Database, entries: Sequence[InboxRow]) -> frozenset[RecordKey]:
    async with database.transaction() as session:
        return await inbox.store(session, entries)


async def _versions(database: Database, keys: Sequence[RecordKey]) -> dict[RecordKey, InboxRow]:
    async with database.reading() as session:
        return dict(await inbox.versions(session, keys))


async def test_what_was_stored_is_found_and_what_was_never_seen_is_absent(database: Database) -> None:
    known, unknown = _entry("a", 1, 3), RecordKey("leipzig", "offer", "b")
    assert await _store(database, [known]) == {known.key}
    assert await _versions(database, [known.key, unknown]) == {known.key: known}
    assert await _versions(database, []) == {}


async def test_lower_and_equal_versions_change_nothing(database: Database) -> None:
    newest = _entry("a", 2, 1)
    await _store(database, [newest])
    for late in (_entry("a", 1, 99), _entry("a", 2, 1, deleted=True)):
        assert await _store(database, [late]) == frozenset()
    assert await _versions(database, [newest.key]) == {newest.key: newest}


async def test_a_late_message_cannot_revive_a_deleted_record(database: Database) -> None:
    tombstone = _entry("a", 1, 5, deleted=True)
    await _store(database, [tombstone])
    assert await _store(database, [_entry("a", 1, 4)]) == frozenset()
    assert (await _versions(database, [tombstone.key]))[tombstone.key].deleted


async def test_a_batch_may_hold_several_versions_of_a_record(database: Database) -> None:
    entries = [_entry("a", 1, 2), _entry("a", 1, 3), _entry("a", 1, 1), _entry("b", 1, 1)]
    assert len(await _store(database, entries)) == 2
    assert (await _versions(database, [entries[0].key]))[entries[0].key].version == Version(1, 3)


async def test_a_batch_larger_than_one_statement_is_stored_whole(database: Database) -> None:
    entries = [_entry(f"n{number}", 1, 1) for number in range(1201)]
    assert len(await _store(database, entries)) == 1201
    assert len(await _versions(database, [entry.key for entry in entries])) == 1201


@st.composite
def _deliveries(draw: st.DrawFn) -> tuple[list[tuple[str, int, int]], list[list[tuple[str, int, int]]]]:
    """Draw messages, and the same messages in any order, some repeated, cut into batches."""
    message = st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.integers(1, 4))
    messages = draw(st.lists(message, min_size=1, max_size=12, unique=True))
    repeats = draw(st.lists(st.sampled_from(messages), max_size=8))
    shuffled = draw(st.permutations(messages + repeats))
    size = draw(st.integers(1, 5))
    return messages, [list(shuffled[start : start + size]) for start in range(0, len(shuffled), size)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delivery=_deliveries())
async def test_any_order_and_repetition_gives_the_same_rows(
    database: Database, delivery: tuple[list[tuple[str, int, int]], list[list[tuple[str, int, int]]]]
) -> None:
    messages, batches = delivery
    region = f"r{next(_numbers)}"  # a region of its own for each example

    def entry(message: tuple[str, int, int]) -> InboxRow:
        name, epoch, revision = message
        return _entry(name, epoch, revision, deleted=revision % 2 == 0, region=region)

    newest: dict[RecordKey, InboxRow] = {}
    for message in sorted(messages, key=lambda one: one[1:]):
        newest[entry(message).key] = entry(message)
    for batch in batches:
        await _store(database, [entry(message) for message in batch])
    assert await _versions(database, list(newest)) == newest


async def test_readers_side_by_side_never_go_back(database: Database) -> None:
    keys = [f"n{number}" for number in range(20)]

    async def apply(revisions: Sequence[int]) -> None:
        for revision in revisions:
            ordered = keys if revision % 2 else list(reversed(keys))
            await _store(database, [_entry(name, 1, revision) for name in ordered])

    await asyncio.gather(apply(range(1, 20)), apply(range(19, 0, -1)), apply([7, 3, 11]))
    found = await _versions(database, [RecordKey("leipzig", "offer", name) for name in keys])
    assert {row.version for row in found.values()} == {Version(1, 19)}


async def test_live_records_are_counted_and_a_region_that_left_is_forgotten(database: Database) -> None:
    entries = [_entry("a", 1, 1), _entry("b", 1, 1, deleted=True), _entry("c", 1, 1, region="chemnitz")]
    await _store(database, entries)
    async with database.transaction() as session:
        assert await inbox.count_live(session) == {("leipzig", "offer"): 1, ("chemnitz", "offer"): 1}
        assert await inbox.drop_region(session, "leipzig") == 2
        assert await inbox.count_live(session) == {("chemnitz", "offer"): 1}
