"""Guarantees that a change of the directory is whole, in order and alone: one writer at a time on either engine.

SQLite has one writer anyway. On PostgreSQL a lock for the transaction makes it so, because rows alone are not enough:
an offer's entry holds its partner, and a circle of parents can be closed by two changes that touch different rows. A
centre changes a few records a minute, a commit takes milliseconds, and readers never wait.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from sqlmodel.ext.asyncio.session import AsyncSession

from services.common.db.engine import Database
from services.common.db.locks import lock_for_this_transaction
from services.directory.adapters.sql_reading import SqlReading, live_publications
from services.directory.adapters.sql_writing import SqlTransaction
from services.directory.ports import Reading, Transaction


class SqlDirectoryStore:
    """The directory in a database; `epoch` goes into everything that is published."""

    def __init__(self, database: Database, epoch: int) -> None:
        self._database = database
        self._epoch = epoch

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        """Look at one moment of the directory."""
        async with self._database.reading() as session:
            yield SqlReading(session)

    @asynccontextmanager
    async def transaction(self, *, discard: bool = False) -> AsyncIterator[Transaction]:
        """Change the directory: kept at a normal exit, undone at an error or cancellation, or always with `discard`."""
        with suppress(_Discarded):
            async with self._database.transaction() as session:
                await _be_the_only_writer(session)
                yield SqlTransaction(session, self._epoch)
                _undo(discard)

    async def live_records(self) -> Mapping[str, int]:
        """Count what is public right now, by kind: what this node's head tells readers to expect."""
        async with self._database.reading() as session:
            return await live_publications(session)


class _Discarded(Exception):
    """Leaves a transaction without keeping it."""


def _undo(discard: bool) -> None:
    if discard:
        raise _Discarded


async def _be_the_only_writer(session: AsyncSession) -> None:
    await lock_for_this_transaction(await session.connection(), "directory")
