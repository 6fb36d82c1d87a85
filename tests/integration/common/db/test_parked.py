"""A message that cannot be applied is kept whole, once, until someone decides."""

from datetime import UTC, datetime, timedelta

import pytest

from services.common.db import parked
from services.common.db.engine import Database
from services.common.db.parked import ParkedCursor, ParkedSummary, Unreadable

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _message(number: int = 0, region: str = "leipzig") -> Unreadable:
    return Unreadable("CATALOG", f"fed.cat.{region}.offer.n{number}", region, "SIGNATURE_WRONG", b"\x00\xff")


async def _park(database: Database, message: Unreadable, moment: datetime = NOON) -> str:
    async with database.transaction() as session:
        return await parked.park(session, message, moment)


async def test_a_parked_message_is_kept_with_all_its_bytes(database: Database) -> None:
    message_id = await _park(database, _message())
    async with database.reading() as session:
        found = await parked.get_parked(session, message_id)
        missing = await parked.get_parked(session, "0" * 32)
    assert missing is None
    assert found is not None
    assert found.data == b"\x00\xff"
    summary = ParkedSummary(message_id, "CATALOG", "fed.cat.leipzig.offer.n0", "leipzig", "SIGNATURE_WRONG", 2, NOON)
    assert found.summary == summary


async def test_a_redelivered_bad_message_is_parked_once(database: Database) -> None:
    first = await _park(database, _message())
    assert await _park(database, _message(), NOON + timedelta(hours=1)) == first
    async with database.reading() as session:
        assert [one.park_time for one in await parked.list_parked(session, 10)] == [NOON]


async def test_pages_show_each_message_once_newest_first(database: Database) -> None:
    # Pairs of equal moments: the id must decide within them.
    for number in range(7):
        await _park(database, _message(number), NOON + timedelta(minutes=number // 2))
    pages: list[list[ParkedSummary]] = []
    cursor = None
    async with database.reading() as session:
        while len(pages) < 9 and (page := await parked.list_parked(session, 3, cursor)):
            pages.append(page)
            cursor = ParkedCursor(page[-1].park_time, page[-1].id)
    flat = [one for page in pages for one in page]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [(one.park_time, one.id) for one in flat] == sorted(((one.park_time, one.id) for one in flat), reverse=True)


async def test_messages_are_listed_and_counted_by_region_and_time(database: Database) -> None:
    await _park(database, _message(1))
    await _park(database, _message(2), NOON + timedelta(minutes=2))
    await _park(database, _message(3, "chemnitz"), NOON + timedelta(minutes=2))
    async with database.reading() as session:
        assert await parked.count_parked(session) == 3
        assert await parked.count_parked(session, region="leipzig") == 2
        assert await parked.count_parked(session, NOON + timedelta(minutes=2), "leipzig") == 1
        assert [one.region for one in await parked.list_parked(session, 9, region="chemnitz")] == ["chemnitz"]


async def test_a_message_leaves_once(database: Database) -> None:
    message_id = await _park(database, _message())
    async with database.transaction() as session:
        assert await parked.unpark(session, message_id)
        assert not await parked.unpark(session, message_id)
        assert await parked.count_parked(session) == 0
