"""Guarantees that only one transaction, or one process, of all replicas holds a lock of a given name.

PostgreSQL keeps these locks. On SQLite, which has one replica and one writer, everyone holds them at once.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, select, true
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


async def lock_for_this_transaction(connection: AsyncConnection, name: str) -> None:
    """Wait for the lock and keep it until commit or rollback."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(lock_number(name))))


class SoleHolder:
    """One process's claim to be the only one that does something, e.g. relay to one target."""

    def __init__(self, engine: AsyncEngine, name: str) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._number = lock_number(name)
        self._connection: AsyncConnection | None = None

    async def holds(self) -> bool:
        """Say whether this process has the lock now, trying to take it; ask again before each piece of work.

        The lock ends with its connection, so another process may have it soon after the database was away.
        """
        if self._engine.dialect.name != "postgresql":
            return True
        try:
            if self._connection is None:
                self._connection = await self._engine.connect()
                answer = await self._connection.execute(select(func.pg_try_advisory_lock(self._number)))
            else:
                answer = await self._connection.execute(select(true()))
            held = bool(answer.scalar_one())
        except (DBAPIError, PoolTimeoutError):
            held = False
        if not held:
            await self.release()
        return held

    async def release(self) -> None:
        """Give the lock up; the connection goes too, because a pooled one would keep the lock."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.invalidate()
            await connection.close()


@asynccontextmanager
async def sole_holder(engine: AsyncEngine, name: str) -> AsyncIterator[SoleHolder]:
    """Give a claim that is released at the end; nothing is taken before the first `holds()`."""
    holder = SoleHolder(engine, name)
    try:
        yield holder
    finally:
        await holder.release()


def lock_number(name: str) -> int:
    """Give the signed 64-bit number that PostgreSQL wants instead of a name."""
    return int.from_bytes(hashlib.sha256(f"lotse:{name}".encode()).digest()[:8], "big", signed=True)
