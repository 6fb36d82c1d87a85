"""Owns the directory's tables. Each record stands whole in `content`; the other columns are copies to find and sort by.

The copies are written together with the content (`rows`), so they cannot drift. Texts that are sorted or compared stand
in byte order on both engines, so that a page goes on where the last one ended whatever the database's locale is.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, String
from sqlmodel import Field, SQLModel

from services.common.db import outbox, requests
from services.common.db.tables import service_registry
from services.common.db.types import JsonDocument, Serial, UtcDateTime

ID_LENGTH = 63
TITLE_KEY_LENGTH = 200
"""What `texts.sort_key` gives at most."""
NAME_LENGTH = 200
"""Longest resource name: "regions/" + 63 + "/partners/" + 63, rounded up."""


def _byte_order(length: int) -> Any:
    """Make a text type in byte order: SQLite's own order, collation C on PostgreSQL."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class DirectoryTable(SQLModel, registry=service_registry("directory", *outbox.TABLES, *requests.TABLES)):
    """Base of the directory's tables; outbox and stored answers live in the same database."""


class RecordRow(DirectoryTable):
    """Columns that all three kinds have. `title_key` is folded for sorting; times are UTC."""

    id: str = Field(primary_key=True, sa_type=_byte_order(ID_LENGTH))
    uid: str = Field(max_length=36, unique=True)
    revision: int = Field(sa_type=Serial)
    kind: str = Field(max_length=ID_LENGTH)
    title_key: str = Field(sa_type=_byte_order(TITLE_KEY_LENGTH))
    create_time: datetime = Field(sa_type=UtcDateTime)
    update_time: datetime = Field(sa_type=UtcDateTime)
    delete_time: datetime | None = Field(sa_type=UtcDateTime)
    purge_time: datetime | None = Field(sa_type=UtcDateTime)
    content: dict[str, Any] = Field(sa_type=JsonDocument)


class PartnerRow(RecordRow, table=True):
    """One partner; `parent` is a resource name or ""."""

    __tablename__ = "partner"
    __table_args__ = (Index(None, "create_time", "id"), Index(None, "title_key", "id"), Index(None, "parent"))

    parent: str = Field(max_length=NAME_LENGTH)


class SiteRow(RecordRow, table=True):
    """One site; `partner` is a resource name."""

    __tablename__ = "site"
    __table_args__ = (Index(None, "create_time", "id"), Index(None, "title_key", "id"), Index(None, "partner"))

    partner: str = Field(max_length=NAME_LENGTH)
    district_code: str = Field(max_length=5)


class OfferRow(RecordRow, table=True):
    """One offer; `partner` is a resource name, `review_due` the last day of the calendar when there is none."""

    __tablename__ = "offer"
    __table_args__ = (
        Index(None, "create_time", "id"),
        Index(None, "title_key", "id"),
        Index(None, "review_due", "id"),
        Index(None, "partner"),
    )

    partner: str = Field(max_length=NAME_LENGTH)
    state: str = Field(max_length=ID_LENGTH)
    review_due: date


class OfferTopicRow(DirectoryTable, table=True):
    """Which offers have a topic."""

    __tablename__ = "offer_topic"

    topic: str = Field(primary_key=True, max_length=ID_LENGTH)
    offer_id: str = Field(primary_key=True, max_length=ID_LENGTH, index=True)


class OfferSiteRow(DirectoryTable, table=True):
    """Which offers are given at a site; `site` is a resource name."""

    __tablename__ = "offer_site"

    site: str = Field(primary_key=True, max_length=NAME_LENGTH)
    offer_id: str = Field(primary_key=True, max_length=ID_LENGTH, index=True)


class RevisionRow(DirectoryTable, table=True):
    """One change of one record; `content` is the revision with its snapshot, which names no person."""

    __tablename__ = "revision"

    collection: str = Field(primary_key=True, max_length=ID_LENGTH)
    record_id: str = Field(primary_key=True, max_length=ID_LENGTH)
    revision: int = Field(primary_key=True, sa_type=Serial)
    create_time: datetime = Field(sa_type=UtcDateTime)
    content: dict[str, Any] = Field(sa_type=JsonDocument)


class PublicationRow(DirectoryTable, table=True):
    """How often a record was sent out, and whether the last time said that it is gone.

    The row outlives its record: readers keep the highest version they have seen, so an id that is used again must
    count on, or its new entries would be taken for old ones.
    """

    __tablename__ = "publication"

    kind: str = Field(primary_key=True, max_length=ID_LENGTH)
    record_id: str = Field(primary_key=True, max_length=ID_LENGTH)
    revision: int = Field(sa_type=Serial)
    deleted: bool


METADATA = OfferRow.metadata
"""All tables of this service."""
