"""Owns the referral service's tables. A person stands only in `sealed`, and opens only with its row in `case_key`.

Cases and referrals stand whole in `content`; the columns beside it are copies to find and sort by. Ids are in byte
order on both engines, so that a page goes on where the last one ended.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String
from sqlmodel import Field, SQLModel

from services.common.db import outbox, parked, requests
from services.common.db.tables import service_registry
from services.common.db.types import JsonDocument, Serial, UtcDateTime

ID_LENGTH = 36
TOKEN_LENGTH = 63


def _byte_order(length: int) -> Any:
    """Make a text type in byte order: SQLite's own order, collation C on PostgreSQL."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class ReferralTable(SQLModel, registry=service_registry("referral", *outbox.TABLES, *parked.TABLES, *requests.TABLES)):
    """Base of the service's tables; outbox, parked messages and stored answers live in the same database."""


class CaseRow(ReferralTable, table=True):
    """One case, without its text and its person."""

    __tablename__ = "case_record"
    __table_args__ = (Index(None, "create_time", "id"),)

    id: str = Field(primary_key=True, sa_type=_byte_order(ID_LENGTH))
    create_time: datetime = Field(sa_type=UtcDateTime)
    content: dict[str, Any] = Field(sa_type=JsonDocument)


class CaseKeyRow(ReferralTable, table=True):
    """The key of one case (source) or one referral (target): deleting it is erasing."""

    __tablename__ = "case_key"

    owner_kind: str = Field(primary_key=True, max_length=TOKEN_LENGTH)
    owner_id: str = Field(primary_key=True, max_length=ID_LENGTH)
    secret: bytes = Field(sa_type=LargeBinary)


class SealedRow(ReferralTable, table=True):
    """One thing sealed under the owner's key: "person", or the case's "text"."""

    __tablename__ = "sealed"

    owner_kind: str = Field(primary_key=True, max_length=TOKEN_LENGTH)
    owner_id: str = Field(primary_key=True, max_length=ID_LENGTH)
    part: str = Field(primary_key=True, max_length=TOKEN_LENGTH)
    ciphertext: bytes = Field(sa_type=LargeBinary)


class ReferralRow(ReferralTable, table=True):
    """One referral; `case_id` is "" at the target."""

    __tablename__ = "referral"
    __table_args__ = (
        Index(None, "create_time", "id"),
        Index(None, "case_id"),
        Index(None, "person_here", "update_time"),
    )

    id: str = Field(primary_key=True, sa_type=_byte_order(ID_LENGTH))
    side: str = Field(max_length=TOKEN_LENGTH)
    state: str = Field(max_length=TOKEN_LENGTH)
    case_id: str = Field(max_length=ID_LENGTH)
    person_here: bool
    create_time: datetime = Field(sa_type=UtcDateTime)
    update_time: datetime = Field(sa_type=UtcDateTime)
    content: dict[str, Any] = Field(sa_type=JsonDocument)


class LogRow(ReferralTable, table=True):
    """One entry of a referral's log, exactly as signed."""

    __tablename__ = "log_entry"

    referral_id: str = Field(primary_key=True, max_length=ID_LENGTH)
    version: int = Field(primary_key=True, sa_type=Serial)
    entry: bytes = Field(sa_type=LargeBinary)
    key_id: str = Field(max_length=16)
    signature: bytes = Field(sa_type=LargeBinary)
    store_time: datetime = Field(sa_type=UtcDateTime)
    provisional: bool


class OutgoingRow(ReferralTable, table=True):
    """A letter of this node; the sealed body leaves with its receipt."""

    __tablename__ = "mail_out"
    __table_args__ = (Index(None, "delivery", "next_time"),)

    referral_id: str = Field(primary_key=True, max_length=ID_LENGTH)
    number: int = Field(primary_key=True, sa_type=Serial)
    to: str = Field(max_length=TOKEN_LENGTH)
    body: bytes = Field(sa_type=LargeBinary)
    body_hash: bytes = Field(sa_type=LargeBinary)
    former_hash: bytes = Field(sa_type=LargeBinary)
    post_time: datetime = Field(sa_type=UtcDateTime)
    next_time: datetime = Field(sa_type=UtcDateTime)
    tries: int
    delivery: str = Field(max_length=TOKEN_LENGTH)
    receipt: bytes = Field(sa_type=LargeBinary)


class IncomingRow(ReferralTable, table=True):
    """A letter that was dealt with, and its receipt."""

    __tablename__ = "mail_in"

    sender: str = Field(primary_key=True, max_length=TOKEN_LENGTH)
    referral_id: str = Field(primary_key=True, max_length=ID_LENGTH)
    number: int = Field(primary_key=True, sa_type=Serial)
    body_hash: bytes = Field(sa_type=LargeBinary)
    receipt: bytes = Field(sa_type=LargeBinary)
    time: datetime = Field(sa_type=UtcDateTime)


class EarlyRow(ReferralTable, table=True):
    """A letter that came before its predecessor, sealed as it came."""

    __tablename__ = "mail_early"

    sender: str = Field(primary_key=True, max_length=TOKEN_LENGTH)
    referral_id: str = Field(primary_key=True, max_length=ID_LENGTH)
    number: int = Field(primary_key=True, sa_type=Serial)
    body: bytes = Field(sa_type=LargeBinary)


METADATA = CaseRow.metadata
"""All tables of this service."""
