"""Owns the notify service's tables; rows never leave `adapters`."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from services.common.db import parked, requests
from services.common.db.tables import service_registry
from services.common.db.types import JsonDocument, Serial, UtcDateTime

_NAME_LENGTH = 200
"""Longest resource name: "regions/" + 63 + "/referrals/" + 63, rounded up."""


class NotifyTable(SQLModel, registry=service_registry("notify", *parked.TABLES, *requests.TABLES)):
    """Base of this service's tables."""


class RecipientRow(NotifyTable, table=True):
    """Somebody who is told."""

    __tablename__ = "recipient"

    id: str = Field(primary_key=True, max_length=63)
    uid: str = Field(max_length=36)
    revision: int = Field(sa_type=Serial)
    display_name: str = Field(max_length=120)
    language_code: str = Field(max_length=8)
    email: str = Field(max_length=254)
    channels: list[Any] = Field(sa_type=JsonDocument)
    topics: list[Any] = Field(sa_type=JsonDocument)
    paused: bool
    create_time: datetime = Field(sa_type=UtcDateTime)
    update_time: datetime = Field(sa_type=UtcDateTime)


class StepRow(NotifyTable, table=True):
    """A step that was told of, to whomever wanted it then: a repeat finds it here and does nothing."""

    __tablename__ = "step"
    __table_args__ = (Index(None, "create_time"),)

    subject: str = Field(primary_key=True, max_length=_NAME_LENGTH)
    step_key: str = Field(primary_key=True, max_length=63)
    create_time: datetime = Field(sa_type=UtcDateTime)


class NotificationRow(NotifyTable, table=True):
    """One thing that one recipient was told; `inbox` says that it stands in the list of the node."""

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint("recipient", "subject", "step_key"),
        Index(None, "recipient", "seq"),
        Index(None, "acknowledge_time", "seq"),
        Index(None, "create_time"),
        # Without it SQLite numbers the next row as it did the last one that was deleted.
        {"sqlite_autoincrement": True},
    )

    seq: int | None = Field(default=None, sa_column=Column(Serial, primary_key=True))
    id: str = Field(max_length=36, unique=True)
    recipient: str = Field(max_length=63)
    topic: str = Field(max_length=63)
    wording: str = Field(max_length=63)
    subject: str = Field(max_length=_NAME_LENGTH)
    step_key: str = Field(max_length=63)
    version: int = Field(sa_type=Serial)
    text: str = Field(sa_type=Text)
    inbox: bool
    create_time: datetime = Field(sa_type=UtcDateTime)
    acknowledge_time: datetime | None = Field(sa_type=UtcDateTime)


class DeliveryRow(NotifyTable, table=True):
    """One notification on one channel."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("notification_id", "channel"),
        Index(None, "state", "next_time"),
        Index(None, "state", "seq"),
        {"sqlite_autoincrement": True},
    )

    seq: int | None = Field(default=None, sa_column=Column(Serial, primary_key=True))
    id: str = Field(max_length=36, unique=True)
    notification_id: str = Field(max_length=36, foreign_key="notification.id", ondelete="CASCADE")
    channel: str = Field(max_length=63)
    state: str = Field(max_length=63)
    attempts: int
    smtp_code: int
    since: datetime = Field(sa_type=UtcDateTime)
    next_time: datetime | None = Field(sa_type=UtcDateTime)
    update_time: datetime = Field(sa_type=UtcDateTime)


class MarkRow(NotifyTable, table=True):
    """Something that happens once in the life of this database."""

    __tablename__ = "mark"

    name: str = Field(primary_key=True, max_length=63)
    create_time: datetime = Field(sa_type=UtcDateTime)
