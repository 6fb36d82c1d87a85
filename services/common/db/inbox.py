"""Guarantees that a reader applies each version of a foreign record once, and never an older one after a newer.

A row stays when its record is deleted (tombstone): an old message that comes late cannot bring the record back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Boolean, Column, Row, String, Table, and_, delete, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.common.db.tables import COMMON
from services.common.db.types import Serial, UtcDateTime
from services.common.db.upserts import insert_into

EPOCH_STEP = 2**40
"""Revisions within one epoch stay below it (envelope.proto)."""

T = TypeVar("T")

_BATCH = 500  # 8 values a row: far below the 32,766 that SQLite takes in one statement

_INBOX = Table(
    "inbox",
    COMMON,
    Column("region", String(63), primary_key=True),
    Column("kind", String(63), primary_key=True),
    Column("record_id", String(63), primary_key=True),
    Column("epoch", Serial, nullable=False),
    Column("revision", Serial, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("outbox_seq", Serial, nullable=False),
    Column("read_time", UtcDateTime, nullable=False),
)
TABLES = (_INBOX,)
"""What a reading service includes in its registry."""


class RecordKey(NamedTuple):
    """Which foreign record: its owner region, its kind and its id."""

    region: str
    kind: str
    record_id: str


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """Place of a message among all of its record; compares as (epoch, revision)."""

    epoch: int
    revision: int

    @property
    def external(self) -> int:
        """The same order as one number, for OpenSearch's external versioning."""
        return external_version(self.epoch, self.revision)


@dataclass(frozen=True, slots=True)
class InboxRow:
    """The newest version of a foreign record that this service has applied."""

    key: RecordKey
    version: Version
    deleted: bool
    outbox_seq: int
    read_time: datetime


def external_version(epoch: int, revision: int) -> int:
    """Give epoch·2^40 + revision (federation.md, "Envelope")."""
    return epoch * EPOCH_STEP + revision


async def versions(session: AsyncSession, keys: Iterable[RecordKey]) -> Mapping[RecordKey, InboxRow]:
    """Read what was applied of these records; a record never seen is absent."""
    connection = await session.connection()
    key = tuple_(_INBOX.c.region, _INBOX.c.kind, _INBOX.c.record_id)
    found: dict[RecordKey, InboxRow] = {}
    for batch in _batches(set(keys)):
        for row in await connection.execute(select(_INBOX).where(key.in_(batch))):
            entry = _entry(row)
            found[entry.key] = entry
    return found


async def store(session: AsyncSession, entries: Iterable[InboxRow]) -> frozenset[RecordKey]:
    """Write each entry unless the same or a higher version stands there; gives the keys that were written."""
    connection = await session.connection()
    written: set[RecordKey] = set()
    for batch in _batches(_newest(entries)):
        new = insert_into(connection, _INBOX).values([_values(entry) for entry in batch])
        is_higher = or_(
            new.excluded.epoch > _INBOX.c.epoch,
            and_(new.excluded.epoch == _INBOX.c.epoch, new.excluded.revision > _INBOX.c.revision),
        )
        changed = {name: new.excluded[name] for name in ("epoch", "revision", "deleted", "outbox_seq", "read_time")}
        statement = new.on_conflict_do_update(index_elements=list(RecordKey._fields), set_=changed, where=is_higher)
        rows = await connection.execute(statement.returning(_INBOX.c.region, _INBOX.c.kind, _INBOX.c.record_id))
        written.update(RecordKey(*row) for row in rows)
    return frozenset(written)


async def count_live(session: AsyncSession) -> Mapping[tuple[str, str], int]:
    """Count records that are not deleted, by (region, kind)."""
    connection = await session.connection()
    counted = select(_INBOX.c.region, _INBOX.c.kind, func.count()).where(_INBOX.c.deleted.is_(False))
    rows = await connection.execute(counted.group_by(_INBOX.c.region, _INBOX.c.kind))
    return {(region, kind): count for region, kind, count in rows}


async def drop_region(session: AsyncSession, region: str) -> int:
    """Forget every row of a region that has left, tombstones too; gives how many there were."""
    connection = await session.connection()
    return (await connection.execute(delete(_INBOX).where(_INBOX.c.region == region))).rowcount


def _newest(entries: Iterable[InboxRow]) -> list[InboxRow]:
    """Keep the highest version of each record, sorted: one statement may touch a row once, and two never deadlock."""
    newest: dict[RecordKey, InboxRow] = {}
    for entry in entries:
        known = newest.get(entry.key)
        if known is None or entry.version > known.version:
            newest[entry.key] = entry
    return [newest[key] for key in sorted(newest)]


def _batches(items: Iterable[T]) -> list[list[T]]:
    whole = list(items)
    return [whole[start : start + _BATCH] for start in range(0, len(whole), _BATCH)]


def _entry(row: Row[Any]) -> InboxRow:
    key = RecordKey(row.region, row.kind, row.record_id)
    return InboxRow(key, Version(row.epoch, row.revision), row.deleted, row.outbox_seq, row.read_time)


def _values(entry: InboxRow) -> dict[str, object]:
    return {
        **entry.key._asdict(),
        "epoch": entry.version.epoch,
        "revision": entry.version.revision,
        "deleted": entry.deleted,
        "outbox_seq": entry.outbox_seq,
        "read_time": entry.read_time,
    }
