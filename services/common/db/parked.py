"""Owns messages that could not be applied: kept whole with the reason, for a person to look at and to replay.

Parking the same message again changes nothing, because the broker may deliver it again before it knows of our ack.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    Index,
    Integer,
    LargeBinary,
    Row,
    Select,
    String,
    Table,
    delete,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.common.db.tables import COMMON
from services.common.db.types import UtcDateTime
from services.common.db.upserts import insert_into

_PARKED = Table(
    "parked",
    COMMON,
    Column("id", String(32), primary_key=True),
    Column("stream", String(63), nullable=False),
    Column("subject", String(400), nullable=False),
    Column("region", String(63), nullable=False),
    Column("reason", String(63), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("park_time", UtcDateTime, nullable=False),
    Index(None, "park_time", "id"),
    Index(None, "region", "park_time", "id"),
)
TABLES = (_PARKED,)
"""What a reading service includes in its registry."""

_SUMMARY = [column for column in _PARKED.c if column.name != "data"]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message to park: where it came from, why it was refused (ParkReason without prefix) and all its bytes.

    `region` is what the subject says, not proven; empty when the subject names none.
    """

    stream: str
    subject: str
    region: str
    reason: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ParkedSummary:
    """A parked message without its bytes."""

    id: str
    stream: str
    subject: str
    region: str
    reason: str
    size_bytes: int
    park_time: datetime


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A parked message with its bytes."""

    summary: ParkedSummary
    data: bytes


@dataclass(frozen=True, slots=True)
class ParkedCursor:
    """The last message of a page; the next page starts behind it."""

    park_time: datetime
    id: str


async def park(session: AsyncSession, message: Unreadable, moment: datetime) -> str:
    """Keep the message and give its id, which follows from stream, subject and bytes; the first park_time stays."""
    connection = await session.connection()
    message_id = _id_of(message)
    new = insert_into(connection, _PARKED).values(
        id=message_id,
        stream=message.stream,
        subject=message.subject,
        region=message.region,
        reason=message.reason,
        size_bytes=len(message.data),
        data=message.data,
        park_time=moment,
    )
    await connection.execute(new.on_conflict_do_nothing(index_elements=["id"]))
    return message_id


async def list_parked(
    session: AsyncSession, limit: int, after: ParkedCursor | None = None, region: str | None = None
) -> list[ParkedSummary]:
    """Read one page, newest first, of all regions or one."""
    place = tuple_(_PARKED.c.park_time, _PARKED.c.id)
    wanted = _of_region(select(*_SUMMARY), region).order_by(_PARKED.c.park_time.desc(), _PARKED.c.id.desc())
    if after is not None:
        wanted = wanted.where(place < tuple_(*_bound(after)))
    connection = await session.connection()
    return [_summary(row) for row in await connection.execute(wanted.limit(limit))]


async def get_parked(session: AsyncSession, message_id: str) -> ParkedMessage | None:
    """Read one message with its bytes."""
    connection = await session.connection()
    row = (await connection.execute(select(_PARKED).where(_PARKED.c.id == message_id))).one_or_none()
    return ParkedMessage(_summary(row), bytes(row.data)) if row else None


async def unpark(session: AsyncSession, message_id: str) -> bool:
    """Delete one message, after it was applied or given up; False when it was gone already."""
    connection = await session.connection()
    return (await connection.execute(delete(_PARKED).where(_PARKED.c.id == message_id))).rowcount == 1


async def count_parked(session: AsyncSession, since: datetime | None = None, region: str | None = None) -> int:
    """Count messages parked at or after a moment, of all regions or one."""
    wanted = _of_region(select(func.count()).select_from(_PARKED), region)
    if since is not None:
        wanted = wanted.where(_PARKED.c.park_time >= since)
    connection = await session.connection()
    count: int = (await connection.execute(wanted)).scalar_one()
    return count


async def count_by_region(session: AsyncSession) -> Mapping[str, int]:
    """Count messages by the region that they name, "" for none; regions without any are absent."""
    wanted = select(_PARKED.c.region, func.count().label("messages")).group_by(_PARKED.c.region)
    connection = await session.connection()
    return {row.region: row.messages for row in await connection.execute(wanted)}


def _of_region(wanted: Select[Any], region: str | None) -> Select[Any]:
    return wanted if region is None else wanted.where(_PARKED.c.region == region)


def _bound(cursor: ParkedCursor) -> tuple[BindParameter[datetime], BindParameter[str]]:
    """Give the cursor's parts their column types: inside a tuple SQLAlchemy would not turn the moment to UTC."""
    return literal(cursor.park_time, UtcDateTime()), literal(cursor.id, String())


def _id_of(message: Unreadable) -> str:
    """Name a message by what it is, so that a redelivery meets the row of its first delivery."""
    digest = hashlib.sha256()
    for part in (message.stream.encode(), message.subject.encode(), message.data):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:32]


def _summary(row: Row[Any]) -> ParkedSummary:
    return ParkedSummary(row.id, row.stream, row.subject, row.region, row.reason, row.size_bytes, row.park_time)
