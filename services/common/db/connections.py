"""Owns what is set on each connection so that no update is lost and no commit taken back.

SQLite through SQLAlchemy loses updates in silence unless each writing transaction takes the write lock before it
reads (measured: 279 of 320); with synchronous=NORMAL a power cut takes commits back (libraries.md, "Traps").
"""

from typing import Any

from sqlalchemy import URL, Connection, NullPool, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

LOCK_WAIT_SECONDS = 5.0
"""How long a transaction waits for a lock or a free connection before it is refused with DATABASE_UNAVAILABLE."""

MIGRATION_WAIT_SECONDS = 60
"""How long a replica waits for another one that is changing the tables."""

_POOL_SIZE = 8


def make_engines(url: str, lock_wait_seconds: float) -> tuple[AsyncEngine, AsyncEngine]:
    """Make the engine for writing and the one for reading; nothing is connected yet. Raises ValueError."""
    parsed = checked_url(url)
    make = _sqlite_engines if parsed.get_backend_name() == "sqlite" else _postgres_engines
    return make(parsed, lock_wait_seconds)


def make_migration_engine(url: str) -> AsyncEngine:
    """Make an engine for changing tables: it waits longer for its turn, and SQLite may rebuild a referenced table."""
    parsed = checked_url(url)
    if parsed.get_backend_name() == "sqlite":
        arguments: dict[str, Any] = {"timeout": MIGRATION_WAIT_SECONDS, "isolation_level": None}
        engine = create_async_engine(parsed, poolclass=NullPool, connect_args=arguments, hide_parameters=True)
        # With foreign_keys=ON, dropping the old copy of a rebuilt table would delete the rows that point to it.
        _on_connect(engine, "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=OFF")
        _begin_with(engine, "BEGIN IMMEDIATE")
        return engine
    engine = create_async_engine(
        parsed, poolclass=NullPool, connect_args=_postgres_arguments(parsed), hide_parameters=True
    )
    _on_connect(engine, f"SET lock_timeout = '{MIGRATION_WAIT_SECONDS}s'", "SET synchronous_commit = on")
    return engine


def checked_url(url: str) -> URL:
    """Read a database URL; raises ValueError, without repeating the URL, for one that Lotse gives no promises on."""
    parsed = make_url(url)
    if parsed.drivername == "postgresql+psycopg":
        return parsed
    if parsed.drivername == "sqlite+aiosqlite" and parsed.database not in {None, "", ":memory:"}:
        return parsed
    raise ValueError("a database URL starts with postgresql+psycopg:// or sqlite+aiosqlite:/// and names a file there")


def _sqlite_engines(url: URL, wait_seconds: float) -> tuple[AsyncEngine, AsyncEngine]:
    """Make two pools: one connection that writes, so that writers of this process queue fairly, and several readers.

    SQLite lets one writer in at a time and its own waiting is a poll that can starve one of many.
    """
    # None: Python's sqlite3 must not begin transactions by itself, because it would begin them without the lock.
    arguments = {"timeout": wait_seconds, "isolation_level": None}
    common: dict[str, Any] = {"connect_args": arguments, "hide_parameters": True, "pool_timeout": wait_seconds}
    writing = create_async_engine(url, pool_size=1, max_overflow=0, **common)
    reading = create_async_engine(url, pool_size=_POOL_SIZE, max_overflow=0, **common)
    for engine, begin, more in ((writing, "BEGIN IMMEDIATE", ()), (reading, "BEGIN", ("PRAGMA query_only=ON",))):
        _on_connect(engine, *SQLITE_PRAGMAS, *more)
        _begin_with(engine, begin)
    return writing, reading


SQLITE_PRAGMAS = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON")
"""Readers beside a writer; each commit fsynced; references checked, which SQLite leaves off by default."""


def _postgres_engines(url: URL, wait_seconds: float) -> tuple[AsyncEngine, AsyncEngine]:
    """Make one pool; reading sessions use it with read-only snapshots."""
    engine = create_async_engine(
        url,
        connect_args=_postgres_arguments(url),
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_SIZE,
        pool_timeout=wait_seconds,
        pool_pre_ping=True,  # after a restart of the database the first call works
    )
    _on_connect(engine, f"SET lock_timeout = {int(wait_seconds * 1000)}", *POSTGRES_SETTINGS)
    return engine, engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _postgres_arguments(url: URL) -> dict[str, Any]:
    """Give up on a silent network: when connecting, and when the server no longer confirms what was sent."""
    limits = {"connect_timeout": int(LOCK_WAIT_SECONDS), "tcp_user_timeout": 30_000}
    return {name: limit for name, limit in limits.items() if name not in url.query}


POSTGRES_SETTINGS = (
    "SET statement_timeout = '30s'",
    "SET idle_in_transaction_session_timeout = '60s'",
    # A server may be set to acknowledge before the disk has it; anything stronger stays.
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
)
"""No call outlives its caller by long, and a commit that is acknowledged is on disk."""


def _on_connect(engine: AsyncEngine, *statements: str) -> None:
    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()
        connection.commit()

    event.listen(engine.sync_engine, "connect", prepare)


def _begin_with(engine: AsyncEngine, statement: str) -> None:
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    event.listen(engine.sync_engine, "begin", begin)
