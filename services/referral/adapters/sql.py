"""Guarantees that a change of cases and referrals is whole, in order and alone: one writer at a time on either engine.

SQLite has one writer anyway; on PostgreSQL a lock for the transaction makes it so, because a step touches a referral,
its log, its mail and its case together. A centre takes a few steps a minute, and readers never wait.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.common.db.engine import Database
from services.common.db.locks import lock_for_this_transaction
from services.referral.adapters.sql_reading import SqlReading
from services.referral.adapters.sql_writing import SqlTransaction
from services.referral.ports import Reading, Transaction


class SqlReferralStore:
    """Cases and referrals in a database; `epoch` goes into everything that is sent."""

    def __init__(self, database: Database, epoch: int) -> None:
        self._database = database
        self._epoch = epoch

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        """Look at one moment."""
        async with self._database.reading() as session:
            yield SqlReading(session)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Change: kept at a normal exit, undone at an error or cancellation."""
        async with self._database.transaction() as session:
            await lock_for_this_transaction(await session.connection(), "referral")
            yield SqlTransaction(session, self._epoch)
