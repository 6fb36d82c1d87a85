"""Guarantees that what a transaction publishes is kept, in order, until each target has acknowledged it.

Rows are written in the business transaction, so there is no change without its row and no row without its change.
Rows become visible in the order of `seq`: whoever sees a row will never see a lower one appear later. A `seq` is never
used twice, also after its row is gone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, Column, Index, LargeBinary, String, Table, bindparam, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.common.db.engine import ROWS_ADDED
from services.common.db.locks import lock_for_this_transaction
from services.common.db.tables import COMMON
from services.common.db.types import Serial, UtcDateTime
from services.common.db.upserts import higher, insert_into
from services.common.errors import CorrectTheRequest

MAX_BODY_BYTES = 220 * 1024
"""Largest body: with envelope and signature it fits a broker message of 256 KiB (federation.md, "Streams")."""

_OUTBOX = Table(
    "outbox",
    COMMON,
    Column("seq", Serial, primary_key=True),
    Column("target", String(63), nullable=False),
    Column("kind", String(63), nullable=False),
    Column("record_id", String(63), nullable=False),
    Column("epoch", Serial, nullable=False),
    Column("revision", Serial, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("create_time", UtcDateTime, nullable=False),
    Index(None, "target", "seq"),
    Index(None, "target", "kind", "record_id", "seq"),
    # Without it SQLite numbers the next row as it did the last one that was deleted.
    sqlite_autoincrement=True,
)
_MARK = Table(
    "outbox_mark",
    COMMON,
    Column("target", String(63), primary_key=True),
    Column("sent_seq", Serial, nullable=False),
    Column("stream_seq", Serial, nullable=False),
)
_RECORD = [column for column in _OUTBOX.c if column.name != "target"]
TABLES = (_OUTBOX, _MARK)
"""What a publishing service includes in its registry."""


@dataclass(frozen=True, slots=True)
class OutboxRecord:
    """One version of one public record, as it is to be published. A deleted one has an empty body."""

    kind: str
    record_id: str
    epoch: int
    revision: int
    deleted: bool
    body: bytes
    time: datetime

    def __post_init__(self) -> None:
        """Refuse a tombstone that still tells what the record said."""
        if self.deleted and self.body:
            raise ValueError("a tombstone has no body")


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A record on its way to one target, at its place in the outbox."""

    seq: int
    target: str
    record: OutboxRecord


@dataclass(frozen=True, slots=True)
class OutboxDepth:
    """What one target has not acknowledged yet."""

    rows: int
    oldest_time: datetime


@dataclass(frozen=True, slots=True)
class OutboxMark:
    """The highest outbox `seq` that a target acknowledged, and the highest stream sequence it gave; 0 = none yet."""

    sent_seq: int
    stream_seq: int


async def add(session: AsyncSession, record: OutboxRecord, targets: Sequence[str]) -> None:
    """Put one record into the outbox, a row for each target; see `add_many`."""
    await add_many(session, [record], targets)


async def add_many(session: AsyncSession, records: Sequence[OutboxRecord], targets: Sequence[str]) -> None:
    """Put records into the outbox in the given order, in the caller's transaction; its commit wakes the relays.

    Call it last: on PostgreSQL publishing transactions queue here until the commit, which keeps rows in order.
    Raises CorrectTheRequest ENTRY_TOO_LARGE for a body over MAX_BODY_BYTES; nothing is written then.
    """
    for record in records:
        _refuse_too_large(record)
    rows = [_values(record, target) for record in records for target in targets]
    if not rows:
        return
    connection = await session.connection()
    await lock_for_this_transaction(connection, "outbox")
    await connection.execute(insert(_OUTBOX), rows)
    session.info[ROWS_ADDED] = True


async def oldest(session: AsyncSession, target: str, limit: int = 1000, *, beyond: int = 0) -> list[OutboxRow]:
    """Read the target's oldest rows in order of `seq`; the caller sends the newest of each (kind, record_id).

    `beyond`: only rows of a higher `seq`.
    """
    connection = await session.connection()
    wanted = select(*_RECORD).where(_OUTBOX.c.target == target, _OUTBOX.c.seq > beyond)
    rows = await connection.execute(wanted.order_by(_OUTBOX.c.seq).limit(limit))
    # All at once and by place: a backlog is read a thousand rows at a time, and names cost as much as the query.
    return [
        OutboxRow(seq, target, OutboxRecord(kind, record_id, epoch, revision, deleted, bytes(body), create_time))
        for seq, kind, record_id, epoch, revision, deleted, body, create_time in rows.all()
    ]


async def forget_runs(session: AsyncSession, target: str, runs: Iterable[tuple[int, int]]) -> None:
    """Delete the target's rows from one `seq` to another, both included: as few statements as there are gaps.

    For rows that were read in order: whoever has read two of a target's rows has read all between them.
    """
    values = [{"p_first": first, "p_last": last} for first, last in runs]
    if not values:
        return
    connection = await session.connection()
    await connection.execute(
        delete(_OUTBOX).where(
            _OUTBOX.c.target == target, _OUTBOX.c.seq.between(bindparam("p_first"), bindparam("p_last"))
        ),
        values,
    )


async def forget(session: AsyncSession, target: str, kind: str, record_id: str, up_to_seq: int) -> None:
    """Delete the target's rows of one record up to and including `up_to_seq`; newer rows of it stay."""
    connection = await session.connection()
    await connection.execute(
        delete(_OUTBOX).where(
            _OUTBOX.c.target == target,
            _OUTBOX.c.kind == kind,
            _OUTBOX.c.record_id == record_id,
            _OUTBOX.c.seq <= up_to_seq,
        )
    )


async def record_acks(session: AsyncSession, target: str, sent_seq: int, stream_seq: int) -> None:
    """Raise the target's mark to these figures; a lower figure changes nothing."""
    connection = await session.connection()
    new = insert_into(connection, _MARK).values(target=target, sent_seq=sent_seq, stream_seq=stream_seq)
    raised = {name: higher(new.excluded[name], _MARK.c[name]) for name in ("sent_seq", "stream_seq")}
    await connection.execute(new.on_conflict_do_update(index_elements=["target"], set_=raised))


async def high_mark(session: AsyncSession, target: str) -> OutboxMark:
    """Read the target's mark; an acknowledgement with a lower stream sequence means that the hub was rolled back."""
    connection = await session.connection()
    row = (await connection.execute(select(_MARK).where(_MARK.c.target == target))).one_or_none()
    return OutboxMark(row.sent_seq, row.stream_seq) if row else OutboxMark(0, 0)


async def restart_stream(session: AsyncSession, target: str, stream_seq: int) -> None:
    """Set the stream sequence, also lower, once new rows answer a hub's rollback; `sent_seq` stays."""
    connection = await session.connection()
    await connection.execute(_MARK.update().where(_MARK.c.target == target).values(stream_seq=stream_seq))


async def depth(session: AsyncSession) -> Mapping[str, OutboxDepth]:
    """Count what waits, by target; a target without rows is absent."""
    connection = await session.connection()
    waiting = select(_OUTBOX.c.target, func.count().label("rows"), func.min(_OUTBOX.c.seq).label("first"))
    waiting_rows = waiting.group_by(_OUTBOX.c.target).subquery()
    found = await connection.execute(
        select(waiting_rows.c.target, waiting_rows.c.rows, _OUTBOX.c.create_time).join(
            _OUTBOX, _OUTBOX.c.seq == waiting_rows.c.first
        )
    )
    return {row.target: OutboxDepth(row.rows, row.create_time) for row in found}


def _refuse_too_large(record: OutboxRecord) -> None:
    if len(record.body) > MAX_BODY_BYTES:
        raise CorrectTheRequest(
            "ENTRY_TOO_LARGE",
            f"the public entry may have {MAX_BODY_BYTES} bytes",
            metadata={"size_bytes": str(len(record.body)), "max_bytes": str(MAX_BODY_BYTES)},
        )


def _values(record: OutboxRecord, target: str) -> dict[str, object]:
    return {
        "target": target,
        "kind": record.kind,
        "record_id": record.record_id,
        "epoch": record.epoch,
        "revision": record.revision,
        "deleted": record.deleted,
        "body": record.body,
        "create_time": record.time,
    }
