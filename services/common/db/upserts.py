"""Owns the one SQL construct that SQLAlchemy spells per engine: insert, or do something about the row in the way."""

from typing import Any

from sqlalchemy import ColumnElement, Table, case
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert_into(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Start an INSERT that knows `.excluded`, `.on_conflict_do_update` and `.on_conflict_do_nothing`."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def higher(new: ColumnElement[Any], old: ColumnElement[Any]) -> ColumnElement[Any]:
    """Give the larger of two values; SQLite calls that max(), PostgreSQL greatest()."""
    return case((new > old, new), else_=old)
