"""Guarantees that a write with a request_id has its effect once, and that a repeat gets the same answer.

The answer is stored in the transaction of the effect. Two transactions with the same id cannot both commit.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, String, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel.ext.asyncio.session import AsyncSession as ModelSession

from services.common.db.engine import Database
from services.common.db.locks import lock_for_this_transaction
from services.common.db.tables import COMMON
from services.common.db.types import UtcDateTime
from services.common.db.upserts import insert_into
from services.common.errors import ChooseAnother

_REQUEST = Table(
    "request",
    COMMON,
    Column("caller", String(127), primary_key=True),
    Column("request_id", String(63), primary_key=True),
    Column("method", String(200), nullable=False),
    Column("content_hash", LargeBinary(32), nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("create_time", UtcDateTime, nullable=False),
    Index(None, "create_time"),
)
TABLES = (_REQUEST,)
"""What a service with writing calls includes in its registry."""


class AlreadyAnswered(Exception):
    """Another transaction with this request_id was faster: this one is undone; find the answer in a new one."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """One write of one caller: `method` is the full gRPC path, `content_hash` the SHA-256 of the request's bytes."""

    caller: str
    request_id: str
    method: str
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What the first call answered, as serialised, and when."""

    answer: bytes
    create_time: datetime


async def find(session: AsyncSession, key: RequestKey) -> StoredAnswer | None:
    """Look up the answer; raises ChooseAnother REQUEST_ID_REUSED when the id was used with other content.

    Call it first: a second transaction with the same id waits here until the first has ended, and so finds the answer
    instead of tripping over the effect ("exists already", "etag mismatch").
    """
    connection = await session.connection()
    await lock_for_this_transaction(connection, f"request:{key.caller}:{key.request_id}")
    rows = await connection.execute(
        select(_REQUEST).where(_REQUEST.c.caller == key.caller, _REQUEST.c.request_id == key.request_id)
    )
    row = rows.one_or_none()
    if row is None:
        return None
    if (row.method, bytes(row.content_hash)) != (key.method, key.content_hash):
        raise ChooseAnother("REQUEST_ID_REUSED", "this request_id was used with other content")
    return StoredAnswer(bytes(row.answer), row.create_time)


async def remember(session: AsyncSession, key: RequestKey, answer: bytes, moment: datetime) -> None:
    """Store the answer beside its effect; raises AlreadyAnswered, which must leave the transaction and so undo it.

    That happens only to a transaction that did not call `find` first.
    """
    connection = await session.connection()
    new = insert_into(connection, _REQUEST).values(
        caller=key.caller,
        request_id=key.request_id,
        method=key.method,
        content_hash=key.content_hash,
        answer=answer,
        create_time=moment,
    )
    first = new.on_conflict_do_nothing(index_elements=["caller", "request_id"]).returning(_REQUEST.c.request_id)
    if (await connection.execute(first)).one_or_none() is None:
        raise AlreadyAnswered


async def answer_once(
    database: Database, key: RequestKey, moment: datetime, effect: Callable[[ModelSession], Awaitable[bytes]]
) -> bytes:
    """Run `effect` in a transaction and store its answer, or give the stored one: the whole rule in one call.

    Raises ChooseAnother REQUEST_ID_REUSED, ComeBackLater DATABASE_UNAVAILABLE and what `effect` raises.
    """
    async with database.transaction() as session:
        stored = await find(session, key)
        if stored is not None:
            return stored.answer
        answer = await effect(session)
        await remember(session, key, answer, moment)
        return answer


async def forget_older(session: AsyncSession, moment: datetime) -> int:
    """Delete answers stored before a moment (at least 24 hours ago, AIP-155); gives how many."""
    connection = await session.connection()
    return (await connection.execute(delete(_REQUEST).where(_REQUEST.c.create_time < moment))).rowcount
