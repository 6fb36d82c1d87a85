"""Cases, referrals, their log, mail, outbox, parked messages and stored answers.

Revision 0001, the first, written 2026-11-22.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from services.common.db import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "case_record",
    "case_key",
    "sealed",
    "referral",
    "log_entry",
    "mail_out",
    "mail_in",
    "mail_early",
    "outbox",
    "outbox_mark",
    "parked",
    "request",
)


def upgrade() -> None:
    _case_tables()
    _referral_tables()
    _mail_tables()
    _outbox_tables()
    _parked_table()
    _request_table()


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _case_tables() -> None:
    _table("case_record", ("id",), _sorted_id(), _moment("create_time"), _document())
    _index("case_record", "create_time", "id")
    _table("case_key", ("owner_kind", "owner_id"), _token("owner_kind"), _id("owner_id"), _bytes("secret"))
    _table(
        "sealed",
        ("owner_kind", "owner_id", "part"),
        _token("owner_kind"),
        _id("owner_id"),
        _token("part"),
        _bytes("ciphertext"),
    )


def _referral_tables() -> None:
    _table(
        "referral",
        ("id",),
        _sorted_id(),
        _token("side"),
        _token("state"),
        _id("case_id"),
        sa.Column("person_here", sa.Boolean(), nullable=False),
        _moment("create_time"),
        _moment("update_time"),
        _document(),
    )
    for columns in (("create_time", "id"), ("case_id",), ("person_here", "update_time")):
        _index("referral", *columns)
    _table(
        "log_entry",
        ("referral_id", "version"),
        _id("referral_id"),
        _serial("version"),
        _bytes("entry"),
        sa.Column("key_id", sa.String(16), nullable=False),
        _bytes("signature"),
        _moment("store_time"),
        sa.Column("provisional", sa.Boolean(), nullable=False),
    )


def _mail_tables() -> None:
    _table(
        "mail_out",
        ("referral_id", "number"),
        _id("referral_id"),
        _serial("number"),
        _token("to"),
        *(_bytes(name) for name in ("body", "body_hash", "former_hash")),
        _moment("post_time"),
        _moment("next_time"),
        sa.Column("tries", sa.Integer(), nullable=False),
        _token("delivery"),
        _bytes("receipt"),
    )
    _index("mail_out", "delivery", "next_time")
    key = ("sender", "referral_id", "number")
    _table("mail_in", key, *_letter(), _bytes("body_hash"), _bytes("receipt"), _moment("time"))
    _table("mail_early", key, *_letter(), _bytes("body"))


def _outbox_tables() -> None:
    _table(
        "outbox",
        ("seq",),
        _serial("seq"),
        *(_token(name) for name in ("target", "kind", "record_id")),
        *(_serial(name) for name in ("epoch", "revision")),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        _bytes("body"),
        _moment("create_time"),
        sqlite_autoincrement=True,
    )
    _index("outbox", "target", "seq")
    _index("outbox", "target", "kind", "record_id", "seq")
    _table("outbox_mark", ("target",), _token("target"), _serial("sent_seq"), _serial("stream_seq"))


def _parked_table() -> None:
    _table(
        "parked",
        ("id",),
        sa.Column("id", sa.String(32), nullable=False),
        _token("stream"),
        sa.Column("subject", sa.String(400), nullable=False),
        _token("region"),
        _token("reason"),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        _bytes("data"),
        _moment("park_time"),
    )
    _index("parked", "park_time", "id")
    _index("parked", "region", "park_time", "id")


def _request_table() -> None:
    _table(
        "request",
        ("caller", "request_id"),
        sa.Column("caller", sa.String(127), nullable=False),
        _token("request_id"),
        sa.Column("method", sa.String(200), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(32), nullable=False),
        _bytes("answer"),
        _moment("create_time"),
    )
    _index("request", "create_time")


def _table(name: str, key: tuple[str, ...], *columns: sa.Column[Any], **options: Any) -> None:
    op.create_table(name, *columns, sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"), **options)


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _letter() -> tuple[sa.Column[Any], ...]:
    return _token("sender"), _id("referral_id"), _serial("number")


def _sorted_id() -> sa.Column[Any]:
    text = sa.String(36).with_variant(sa.String(36, collation="C"), "postgresql")
    return sa.Column("id", text, nullable=False)


def _id(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(36), nullable=False)


def _token(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.String(63), nullable=False)


def _serial(name: str) -> sa.Column[Any]:
    return sa.Column(name, types.Serial(), nullable=False)


def _bytes(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, types.UtcDateTime(), nullable=False)


def _document() -> sa.Column[Any]:
    return sa.Column("content", types.JsonDocument(), nullable=False)
