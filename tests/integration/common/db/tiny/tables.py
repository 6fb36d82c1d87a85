"""Owns the tables of a service that exists for these tests only: notes with remarks, and every common table."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from services.common.db import inbox, outbox, parked, requests
from services.common.db.tables import service_registry
from services.common.db.types import JsonDocument, UtcDateTime

COMMON_TABLES = (*outbox.TABLES, *inbox.TABLES, *parked.TABLES, *requests.TABLES)


class TinyTable(SQLModel, registry=service_registry("tiny", *COMMON_TABLES)):
    """Every table of the test service."""


class NoteRow(TinyTable, table=True):
    """A note that counts its readers."""

    __tablename__ = "note"

    id: str = Field(primary_key=True, max_length=63)
    readers: int = 0
    facts: dict[str, Any] | None = Field(default=None, sa_type=JsonDocument)
    made_time: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RemarkRow(TinyTable, table=True):
    """A remark on a note."""

    __tablename__ = "remark"

    id: int | None = Field(default=None, primary_key=True)
    note_id: str = Field(foreign_key="note.id")
