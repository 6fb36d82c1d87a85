"""What the inbox promises, the same on SQLite and PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.common.db import migrations
from services.common.db.parked import Unreadable
from services.common.names import RegionId
from services.search.adapters.sql import SqlEntryStore
from services.search.app import MIGRATIONS
from services.search.domain.coverage import StoredFacts
from services.search.domain.offers import AutomaticTopic, OfferKey
from services.search.domain.reading import HeadChange, ReadBatch, RecordChange

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
DRESDEN = RegionId("dresden")
TOPICS = (AutomaticTopic("topic", 0.7), AutomaticTopic("weaker", 0.1501))


def record(
    record_id: str = "a", revision: int = 1, *, epoch: int = 1, kind: str = "offer", deleted: bool = False
) -> RecordChange:
    body = b"" if deleted else f"{record_id} {epoch} {revision}".encode()
    return RecordChange(DRESDEN, kind, record_id, epoch, revision, revision, deleted, body, TOPICS, "print")


def head(sent: datetime, offers: int | None = 3) -> HeadChange:
    return HeadChange(DRESDEN, 1, 7, offers, sent)


async def put(store: SqlEntryStore, *records: RecordChange, moment: datetime = NOW) -> None:
    await store.commit(ReadBatch(records), moment)


async def test_an_offer_comes_back_as_it_was_put(store: SqlEntryStore) -> None:
    await put(store, record())
    found = await store.find(OfferKey(DRESDEN, "a"))
    assert found is not None
    assert (found.body, found.version, found.deleted) == (b"a 1 1", 2**40 + 1, False)
    assert (found.read_time, found.automatic_topics, found.topics_by) == (NOW, TOPICS, "print")


async def test_a_name_never_heard_is_none(store: SqlEntryStore) -> None:
    assert await store.find(OfferKey(DRESDEN, "a")) is None


@pytest.mark.parametrize("second", [record(revision=2), record(revision=1, epoch=2), record(revision=3, deleted=True)])
async def test_a_higher_version_replaces_a_lower_one_and_never_the_other_way(
    store: SqlEntryStore, second: RecordChange
) -> None:
    await put(store, record(revision=1))
    await put(store, second)
    await put(store, record(revision=1))
    found = await store.find(OfferKey(DRESDEN, "a"))
    assert found is not None
    assert (found.body, found.deleted) == (second.body, second.deleted)


async def test_of_one_batch_the_highest_version_stands(store: SqlEntryStore) -> None:
    await put(store, record(revision=2), record(revision=5), record(revision=3))
    found = await store.find(OfferKey(DRESDEN, "a"))
    assert found is not None
    assert found.body == b"a 1 5"


async def test_two_readers_at_once_leave_the_highest_version_with_its_own_body(store: SqlEntryStore) -> None:
    await asyncio.gather(*(put(store, record(revision=revision)) for revision in range(1, 13)))
    found = await store.find(OfferKey(DRESDEN, "a"))
    assert found is not None
    assert (found.version, found.body) == (2**40 + 12, b"a 1 12")


async def test_pages_give_every_offer_once_deleted_ones_too_and_no_other_kind(store: SqlEntryStore) -> None:
    await put(store, *(record(f"o{number:02}") for number in range(11)), record("p", kind="partner"))
    await put(store, record("o03", 2, deleted=True))
    pages = [page async for page in store.pages(4)]
    assert [len(page) for page in pages] == [4, 4, 3]
    seen = [(entry.key.id, entry.deleted) for page in pages for entry in page]
    assert seen == [(f"o{number:02}", number == 3) for number in range(11)]
    assert await store.count() == 11


async def test_an_empty_store_has_no_pages(store: SqlEntryStore) -> None:
    assert [page async for page in store.pages(4)] == []


async def test_versions_are_told_for_known_records_only(store: SqlEntryStore) -> None:
    await put(store, record(revision=4, epoch=2))
    places = [("dresden", "offer", "a"), ("dresden", "offer", "b")]
    assert await store.versions(places) == {("dresden", "offer", "a"): (2, 4)}
    assert await store.versions([]) == {}


async def test_topics_found_anew_are_kept(store: SqlEntryStore) -> None:
    await put(store, record())
    other = (AutomaticTopic("other", 1.0),)
    await store.remember_topics({OfferKey(DRESDEN, "a"): other}, "new print")
    found = await store.find(OfferKey(DRESDEN, "a"))
    assert found is not None
    assert (found.automatic_topics, found.topics_by, found.body) == (other, "new print", b"a 1 1")


async def test_facts_count_live_offers_heads_changes_and_parked_messages(store: SqlEntryStore) -> None:
    await put(store, record("a"), record("b"), record("c", deleted=True), record("p", kind="partner"))
    await store.commit(ReadBatch(heads=(head(NOW + timedelta(seconds=5)),)), NOW)
    await store.commit(ReadBatch(heads=(head(NOW, offers=9),)), NOW + timedelta(minutes=1))
    await store.park([Unreadable("CATALOG", "fed.cat.x", "leipzig", "MALFORMED", b"?")], NOW)
    assert await store.facts() == {
        "dresden": StoredFacts(2, 3, NOW + timedelta(seconds=5), NOW, 0),
        "leipzig": StoredFacts(parked_messages=1),
    }


async def test_a_message_parked_twice_counts_once(store: SqlEntryStore) -> None:
    broken = Unreadable("CATALOG", "fed.cat.dresden.offer.a", "dresden", "BODY_INVALID", b"?")
    await store.park([broken], NOW)
    await store.park([broken], NOW)
    assert (await store.facts())["dresden"].parked_messages == 1


async def test_the_migrations_make_the_tables_of_the_code(database_url: str) -> None:
    await migrations.upgrade(database_url, MIGRATIONS, "search")
    assert not await migrations.differences(database_url, MIGRATIONS, "search")
