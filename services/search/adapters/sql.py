"""What was read, in SQL: versions, entries and heads of other nodes, committed together or not at all."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.common.db import inbox, parked
from services.common.db.engine import Database
from services.common.db.inbox import InboxRow, RecordKey, Version, external_version
from services.common.db.parked import Unreadable
from services.common.db.upserts import insert_into
from services.common.names import RegionId
from services.search.adapters.tables import SearchTable
from services.search.domain.coverage import StoredFacts
from services.search.domain.offers import AutomaticTopic, OfferKey, StoredEntry
from services.search.domain.reading import OFFER, HeadChange, Place, ReadBatch, RecordChange

_INBOX = SearchTable.metadata.tables["inbox"]
_ENTRY = SearchTable.metadata.tables["entry"]
_REGION = SearchTable.metadata.tables["region_head"]
_PARKED = SearchTable.metadata.tables["parked"]
_ROWS_PER_STATEMENT = 500
"""SQLite takes at most 32,766 values in a statement, PostgreSQL 65,535."""


class SqlEntryStore:
    """`ports.EntryStore` and `ports.Inbox` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def versions(self, places: Sequence[Place]) -> Mapping[Place, tuple[int, int]]:
        """Read up to where these records were applied."""
        async with self._database.reading() as session:
            rows = await inbox.versions(session, [RecordKey(*place) for place in places])
        return {
            (key.region, key.kind, key.record_id): (row.version.epoch, row.version.revision)
            for key, row in rows.items()
        }

    async def commit(self, batch: ReadBatch, moment: datetime) -> None:
        """Keep a batch: each record unless it is known as new or newer, each head likewise."""
        async with self._database.transaction() as session:
            written = await inbox.store(session, [_inbox_row(record, moment) for record in batch.records])
            connection = await session.connection()
            await _keep_entries(connection, [record for record in batch.records if RecordKey(*record.place) in written])
            await _keep_heads(connection, batch.heads)
            await _touch_regions(connection, {record.region for record in batch.records}, moment)

    async def park(self, messages: Sequence[Unreadable], moment: datetime) -> None:
        """Keep messages that can never be applied, for a person to look at."""
        async with self._database.transaction() as session:
            for message in messages:
                await parked.park(session, message, moment)

    async def find(self, key: OfferKey) -> StoredEntry | None:
        """Read one offer as last heard."""
        wanted = _offers().where(_INBOX.c.region == key.region, _INBOX.c.record_id == key.id)
        async with self._database.reading() as session:
            row = (await (await session.connection()).execute(wanted)).one_or_none()
        return _stored(row) if row else None

    async def count(self) -> int:
        """Count offers, deleted ones too."""
        wanted = select(func.count()).select_from(_INBOX).where(_INBOX.c.kind == OFFER)
        async with self._database.reading() as session:
            count: int = (await (await session.connection()).execute(wanted)).scalar_one()
        return count

    async def pages(self, size: int) -> AsyncIterator[Sequence[StoredEntry]]:
        """Read all offers page by page, each page in a transaction of its own: a rebuild may take minutes."""
        place = tuple_(_INBOX.c.region, _INBOX.c.record_id)
        last: tuple[str, str] | None = None
        while True:
            wanted = _offers().order_by(_INBOX.c.region, _INBOX.c.record_id).limit(size)
            if last is not None:
                wanted = wanted.where(place > tuple_(*last))
            async with self._database.reading() as session:
                rows = (await (await session.connection()).execute(wanted)).all()
            if rows:
                yield [_stored(row) for row in rows]
            if len(rows) < size:
                return
            last = rows[-1].region, rows[-1].record_id

    async def remember_topics(self, topics: Mapping[OfferKey, tuple[AutomaticTopic, ...]], topics_by: str) -> None:
        """Keep topics that were found anew."""
        async with self._database.transaction() as session:
            connection = await session.connection()
            for key, found in topics.items():
                there = (_ENTRY.c.region == key.region) & (_ENTRY.c.kind == OFFER) & (_ENTRY.c.record_id == key.id)
                values = {"automatic_topics": _written(found), "topics_by": topics_by}
                await connection.execute(update(_ENTRY).where(there).values(values))

    async def facts(self) -> Mapping[str, StoredFacts]:
        """Say by region what is held and when something was last heard."""
        parked_counts = select(_PARKED.c.region, func.count().label("parked")).group_by(_PARKED.c.region)
        async with self._database.reading() as session:
            live = await inbox.count_live(session)
            connection = await session.connection()
            rows = {row.region: row for row in await connection.execute(select(_REGION))}
            set_aside = {row.region: row.parked for row in await connection.execute(parked_counts)}
        return {
            region: _facts(rows.get(region), live.get((region, OFFER), 0), set_aside.get(region, 0))
            for region in {*rows, *set_aside, *(region for region, _ in live)}
        }


def _offers() -> Select[Any]:
    """Offers of the inbox with their entries; a deleted one has none."""
    same = (
        (_ENTRY.c.region == _INBOX.c.region)
        & (_ENTRY.c.kind == _INBOX.c.kind)
        & (_ENTRY.c.record_id == _INBOX.c.record_id)
    )
    joined = _INBOX.outerjoin(_ENTRY, same)
    shown = (_INBOX, _ENTRY.c.body, _ENTRY.c.automatic_topics, _ENTRY.c.topics_by)
    return select(*shown).select_from(joined).where(_INBOX.c.kind == OFFER)


def _stored(row: Row[Any]) -> StoredEntry:
    return StoredEntry(
        key=OfferKey(RegionId(row.region), row.record_id),
        version=external_version(row.epoch, row.revision),
        deleted=row.deleted,
        read_time=row.read_time,
        body=bytes(row.body or b""),
        automatic_topics=_read_topics(row.automatic_topics or ()),
        topics_by=row.topics_by or "",
    )


def _written(topics: Iterable[AutomaticTopic]) -> list[list[Any]]:
    return [[topic.id, topic.weight] for topic in topics]


def _read_topics(pairs: Iterable[Any]) -> tuple[AutomaticTopic, ...]:
    # Releases before kept ids alone: those are found anew, as another thesaurus found them.
    return tuple(AutomaticTopic(*pair) for pair in pairs if not isinstance(pair, str))


def _inbox_row(record: RecordChange, moment: datetime) -> InboxRow:
    version = Version(record.epoch, record.revision)
    return InboxRow(RecordKey(*record.place), version, record.deleted, record.outbox_seq, moment)


async def _keep_entries(connection: AsyncConnection, records: Sequence[RecordChange]) -> None:
    """Write the entries of records whose version was just taken: their inbox rows are locked by this transaction."""
    newest: dict[Place, RecordChange] = {}
    for record in records:
        known = newest.get(record.place)
        if record.kind == OFFER and (known is None or record.order > known.order):
            newest[record.place] = record
    rows = [_entry_values(newest[place]) for place in sorted(newest)]
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        new = insert_into(connection, _ENTRY).values(rows[start : start + _ROWS_PER_STATEMENT])
        changed = {name: new.excluded[name] for name in ("body", "automatic_topics", "topics_by")}
        await connection.execute(
            new.on_conflict_do_update(index_elements=["region", "kind", "record_id"], set_=changed)
        )


def _entry_values(record: RecordChange) -> dict[str, object]:
    return {
        "region": record.region,
        "kind": record.kind,
        "record_id": record.record_id,
        "body": record.body,
        "automatic_topics": _written(record.automatic_topics),
        "topics_by": record.topics_by,
    }


async def _keep_heads(connection: AsyncConnection, heads: Sequence[HeadChange]) -> None:
    for head in heads:
        values = {
            "epoch": head.epoch,
            "outbox_high_mark": head.outbox_high_mark,
            "live_offers": head.live_offers,
            "head_time": head.sent,
        }
        new = insert_into(connection, _REGION).values(region=head.region, **values)
        # Deliveries of one head may come late and twice; the newest one stands.
        newer = (_REGION.c.head_time.is_(None)) | (new.excluded.head_time > _REGION.c.head_time)
        await connection.execute(
            new.on_conflict_do_update(
                index_elements=["region"], set_={name: new.excluded[name] for name in values}, where=newer
            )
        )


async def _touch_regions(connection: AsyncConnection, regions: set[RegionId], moment: datetime) -> None:
    for region in sorted(regions):
        new = insert_into(connection, _REGION).values(region=region, change_time=moment)
        await connection.execute(
            new.on_conflict_do_update(index_elements=["region"], set_={"change_time": new.excluded.change_time})
        )


def _facts(row: Row[Any] | None, offers: int, parked_messages: int) -> StoredFacts:
    if row is None:
        return StoredFacts(offers=offers, parked_messages=parked_messages)
    return StoredFacts(offers, row.live_offers, row.head_time, row.change_time, parked_messages)
