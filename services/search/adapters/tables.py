"""Owns the search service's tables; rows never leave `adapters`."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, LargeBinary, Text
from sqlmodel import Field, SQLModel

from services.common.db import inbox, parked
from services.common.db.tables import service_registry
from services.common.db.types import JsonDocument, Serial, UtcDateTime


class SearchTable(SQLModel, registry=service_registry("search", *inbox.TABLES, *parked.TABLES)):
    """Base of this service's tables."""


class EntryRow(SearchTable, table=True):
    """The entry of a record in the inbox, so that the index can be rebuilt without asking anybody."""

    __tablename__ = "entry"

    region: str = Field(primary_key=True, max_length=63)
    kind: str = Field(primary_key=True, max_length=63)
    record_id: str = Field(primary_key=True, max_length=63)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    automatic_topics: list[Any] = Field(sa_column=Column(JsonDocument, nullable=False))
    topics_by: str = Field(sa_column=Column(Text, nullable=False))


class RegionRow(SearchTable, table=True):
    """What a region said last about itself, and when something of it was last read."""

    __tablename__ = "region_head"

    region: str = Field(primary_key=True, max_length=63)
    epoch: int | None = Field(default=None, sa_column=Column(Serial, nullable=True))
    outbox_high_mark: int | None = Field(default=None, sa_column=Column(Serial, nullable=True))
    live_offers: int | None = Field(default=None, sa_column=Column(Serial, nullable=True))
    head_time: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
    change_time: datetime | None = Field(default=None, sa_column=Column(UtcDateTime, nullable=True))
