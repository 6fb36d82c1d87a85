"""Owns which database failures mean "come back later", and guarantees that such an error tells no address or value."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from services.common.errors import ComeBackLater

_DEFECTS = frozenset({sqlite3.SQLITE_ERROR})
_UNIQUE = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})


@contextmanager
def unavailable_means_come_back_later(*, read_only: bool = False) -> Iterator[None]:
    """Turn "down", "locked", "full" and "too many waiting" into DATABASE_UNAVAILABLE; a defect of ours passes as it is.

    The driver's text names host, user and values, so it is cut off: only its type stays, as the context for our log.
    """
    try:
        yield
    except PoolTimeoutError:
        raise _come_back_later() from None
    except DBAPIError as error:
        if _is_passing(error, read_only):
            raise _come_back_later() from None
        raise


def is_unique_violation(error: IntegrityError) -> bool:
    """Say whether a row of that key exists already, without reading the text, which names the value."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code in _UNIQUE or getattr(error.orig, "sqlstate", None) == "23505"


def _is_passing(error: DBAPIError, read_only: bool) -> bool:
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is None:
        return True
    # SQLite calls a missing table "operational" too, and a write through a reading session.
    primary = code & 0xFF
    return primary not in _DEFECTS and not (read_only and primary == sqlite3.SQLITE_READONLY)


def _come_back_later() -> ComeBackLater:
    return ComeBackLater("DATABASE_UNAVAILABLE", "the database does not answer or is locked", retry_seconds=1.0)
