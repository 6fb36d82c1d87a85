"""Guarantees that a committed transaction is on disk and that concurrent ones lose no update, on SQLite and PostgreSQL.

`connections` says what is set for that on each engine and why.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
from sqlmodel.ext.asyncio.session import AsyncSession

from services.common.db.connections import LOCK_WAIT_SECONDS, make_engines
from services.common.db.failures import unavailable_means_come_back_later
from services.common.db.wake import OutboxSignal

ROWS_ADDED = "outbox_rows_added"
"""Key in `session.info`: the transaction added outbox rows, so its commit wakes the relays."""


@dataclass(frozen=True, slots=True)
class Database:
    """One service's database. All work happens in `transaction()` or `reading()`."""

    engine: AsyncEngine
    """The engine for writing."""
    sessions: async_sessionmaker[AsyncSession]
    """Makes sessions that write."""
    readers: async_sessionmaker[AsyncSession]
    """Makes sessions that cannot write."""
    signal: OutboxSignal
    """Moves on after each commit that added outbox rows."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Give a session whose work is committed at a normal exit and undone at any error or cancellation.

        SQLite: one writer at a time, the others queue. PostgreSQL: read a row that you will write
        `.with_for_update()` (SQLite ignores it), otherwise an update can be lost. A cancellation that arrives during
        the commit waits for its end. Raises ComeBackLater DATABASE_UNAVAILABLE. Do not nest.
        """
        with unavailable_means_come_back_later():
            session = self.sessions()
            try:
                yield session
                await _to_its_end(self._commit(session))
            finally:
                await _to_its_end(session.close())  # rolls back what was not committed

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Give a session that sees one single moment and cannot write. Raises ComeBackLater DATABASE_UNAVAILABLE."""
        with unavailable_means_come_back_later(read_only=True):
            session = self.readers()
            try:
                yield session
            finally:
                await _to_its_end(session.close())

    async def ping(self) -> None:
        """Return when the database answers; raises ComeBackLater DATABASE_UNAVAILABLE. For health checks."""
        async with self.reading() as session:
            await (await session.connection()).execute(text("SELECT 1"))

    async def _commit(self, session: AsyncSession) -> None:
        await session.commit()
        if session.info.get(ROWS_ADDED):
            self.signal.notify()


@asynccontextmanager
async def connect_database(url: str, lock_wait_seconds: float = LOCK_WAIT_SECONDS) -> AsyncIterator[Database]:
    """Make the engines for `sqlite+aiosqlite:///path` or `postgresql+psycopg://…`; leaving closes every connection.

    Nothing is connected yet, so a service can start before its database. Raises ValueError for any other URL.
    """
    writing, reading = make_engines(url, lock_wait_seconds)
    try:
        yield Database(
            engine=writing,
            sessions=async_sessionmaker(writing, class_=AsyncSession, expire_on_commit=False),
            readers=async_sessionmaker(reading, class_=AsyncSession, expire_on_commit=False),
            signal=OutboxSignal(),
        )
    finally:
        await reading.dispose()
        await writing.dispose()


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Run a commit or a close to its end even when the caller is cancelled meanwhile, then pass the cancellation on.

    A commit torn off half-way would leave nobody knowing whether it happened. The database's own time limits end it.
    """
    task = asyncio.ensure_future(work)
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation is None:
        task.result()
        return
    if not task.cancelled():
        task.exception()  # looked at: the caller is told of the cancellation, not of this
    raise cancellation
