"""An outage is told from a defect, and neither address nor value gets out."""

import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from services.common.db.failures import is_unique_violation, unavailable_means_come_back_later
from services.common.errors import ComeBackLater

SECRET = "host=127.0.0.1 user=anna"


def _sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(SECRET)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    "error",
    [
        PoolTimeoutError(SECRET),
        OperationalError("SELECT", {}, _sqlite(sqlite3.SQLITE_BUSY)),
        OperationalError("SELECT", {}, _sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT)),
        OperationalError("SELECT", {}, _sqlite(sqlite3.SQLITE_FULL)),
        OperationalError("SELECT", {}, _sqlite(sqlite3.SQLITE_CANTOPEN)),
        OperationalError("SELECT", {}, psycopg.OperationalError(SECRET)),
        OperationalError("SELECT", {}, psycopg.errors.LockNotAvailable(SECRET)),
        InterfaceError("SELECT", {}, psycopg.InterfaceError(SECRET)),
        DBAPIError("SELECT", {}, psycopg.DatabaseError(SECRET), connection_invalidated=True),
    ],
)
def test_an_outage_becomes_come_back_later_without_its_text(error: Exception) -> None:
    with pytest.raises(ComeBackLater) as caught, unavailable_means_come_back_later():
        raise error
    assert caught.value.reason == "DATABASE_UNAVAILABLE"
    assert caught.value.retry_seconds is not None
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "anna" not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("SELECT", {}, _sqlite(sqlite3.SQLITE_ERROR)),
        ProgrammingError("SELECT", {}, psycopg.errors.UndefinedTable(SECRET)),
        IntegrityError("INSERT", {}, psycopg.errors.UniqueViolation(SECRET)),
        LookupError(),
    ],
)
def test_a_defect_passes_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, unavailable_means_come_back_later():
        raise error
    assert caught.value is error


def test_a_write_while_reading_is_a_defect_and_a_read_only_disk_an_outage() -> None:
    error = OperationalError("INSERT", {}, _sqlite(sqlite3.SQLITE_READONLY))
    with pytest.raises(OperationalError), unavailable_means_come_back_later(read_only=True):
        raise error
    with pytest.raises(ComeBackLater), unavailable_means_come_back_later():
        raise error


def test_a_taken_key_is_told_from_other_broken_rules() -> None:
    taken = sqlite3.IntegrityError(SECRET)
    taken.sqlite_errorcode = sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
    unchecked = sqlite3.IntegrityError(SECRET)
    unchecked.sqlite_errorcode = sqlite3.SQLITE_CONSTRAINT_CHECK
    assert is_unique_violation(IntegrityError("INSERT", {}, taken))
    assert is_unique_violation(IntegrityError("INSERT", {}, psycopg.errors.UniqueViolation(SECRET)))
    assert not is_unique_violation(IntegrityError("INSERT", {}, unchecked))
    assert not is_unique_violation(IntegrityError("INSERT", {}, psycopg.errors.ForeignKeyViolation(SECRET)))
