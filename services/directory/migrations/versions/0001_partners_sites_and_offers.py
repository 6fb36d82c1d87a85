"""Partners, sites and offers, with history, publication counts, outbox and stored answers.

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


def upgrade() -> None:
    _record_table("partner", _name("parent"), link="parent")
    _record_table("site", _name("partner"), sa.Column("district_code", sa.String(5), nullable=False), link="partner")
    _record_table(
        "offer", _name("partner"), _token("state"), sa.Column("review_due", sa.Date, nullable=False), link="partner"
    )
    op.create_index("ix_offer_review_due_id", "offer", ["review_due", "id"])
    _index_tables()
    _history_tables()
    _outbox_tables()
    _request_table()


def downgrade() -> None:
    for table in ("request", "outbox_mark", "outbox", "publication", "revision", "offer_site", "offer_topic"):
        op.drop_table(table)
    for table in ("offer", "site", "partner"):
        op.drop_table(table)


def _record_table(table: str, *own: sa.Column[Any], link: str) -> None:
    """Make one of the three tables of records; `own` are the columns that the others lack."""
    op.create_table(
        table,
        sa.Column("id", _byte_order(63), nullable=False),
        sa.Column("uid", sa.String(36), nullable=False),
        sa.Column("revision", types.Serial(), nullable=False),
        _token("kind"),
        sa.Column("title_key", _byte_order(200), nullable=False),
        sa.Column("create_time", types.UtcDateTime(), nullable=False),
        sa.Column("update_time", types.UtcDateTime(), nullable=False),
        sa.Column("delete_time", types.UtcDateTime(), nullable=True),
        sa.Column("purge_time", types.UtcDateTime(), nullable=True),
        sa.Column("content", types.JsonDocument(), nullable=False),
        *own,
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("uid", name=f"uq_{table}_uid"),
    )
    op.create_index(f"ix_{table}_create_time_id", table, ["create_time", "id"])
    op.create_index(f"ix_{table}_title_key_id", table, ["title_key", "id"])
    op.create_index(f"ix_{table}_{link}", table, [link])


def _index_tables() -> None:
    for table, column in (("offer_topic", _token("topic")), ("offer_site", _name("site"))):
        op.create_table(
            table,
            column,
            _token("offer_id"),
            sa.PrimaryKeyConstraint(column.name, "offer_id", name=f"pk_{table}"),
        )
        op.create_index(f"ix_{table}_offer_id", table, ["offer_id"])


def _history_tables() -> None:
    op.create_table(
        "revision",
        _token("collection"),
        _token("record_id"),
        sa.Column("revision", types.Serial(), nullable=False),
        sa.Column("create_time", types.UtcDateTime(), nullable=False),
        sa.Column("content", types.JsonDocument(), nullable=False),
        sa.PrimaryKeyConstraint("collection", "record_id", "revision", name="pk_revision"),
    )
    op.create_table(
        "publication",
        _token("kind"),
        _token("record_id"),
        sa.Column("revision", types.Serial(), nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("kind", "record_id", name="pk_publication"),
    )


def _outbox_tables() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", types.Serial(), nullable=False),
        _token("target"),
        _token("kind"),
        _token("record_id"),
        sa.Column("epoch", types.Serial(), nullable=False),
        sa.Column("revision", types.Serial(), nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("create_time", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_target_seq", "outbox", ["target", "seq"])
    op.create_index("ix_outbox_target_kind_record_id_seq", "outbox", ["target", "kind", "record_id", "seq"])
    op.create_table(
        "outbox_mark",
        _token("target"),
        sa.Column("sent_seq", types.Serial(), nullable=False),
        sa.Column("stream_seq", types.Serial(), nullable=False),
        sa.PrimaryKeyConstraint("target", name="pk_outbox_mark"),
    )


def _request_table() -> None:
    op.create_table(
        "request",
        sa.Column("caller", sa.String(127), nullable=False),
        _token("request_id"),
        sa.Column("method", sa.String(200), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("create_time", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "request_id", name="pk_request"),
    )
    op.create_index("ix_request_create_time", "request", ["create_time"])


def _token(column: str) -> sa.Column[Any]:
    """An id, a kind or a state: at most 63 characters."""
    return sa.Column(column, sa.String(63), nullable=False)


def _name(column: str) -> sa.Column[Any]:
    """A resource name."""
    return sa.Column(column, sa.String(200), nullable=False)


def _byte_order(length: int) -> Any:
    """A text sorted by its bytes on both engines."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
