"""Recipients, steps, notifications, deliveries, marks, parked messages and stored answers.

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
    _recipient_tables()
    _notification_tables()
    _delivery_table()
    _common_tables()


def downgrade() -> None:
    for table in ("delivery", "notification", "step", "mark", "recipient", "request", "parked"):
        op.drop_table(table)


def _recipient_tables() -> None:
    op.create_table(
        "recipient",
        _token("id"),
        _id("uid"),
        sa.Column("revision", types.Serial(), nullable=False),
        sa.Column("display_name", sa.String(120), nullable=False),
        sa.Column("language_code", sa.String(8), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("channels", types.JsonDocument(), nullable=False),
        sa.Column("topics", types.JsonDocument(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        _time("create_time"),
        _time("update_time"),
        sa.PrimaryKeyConstraint("id", name="pk_recipient"),
    )
    op.create_table("mark", _token("name"), _time("create_time"), sa.PrimaryKeyConstraint("name", name="pk_mark"))


def _notification_tables() -> None:
    op.create_table(
        "step",
        sa.Column("subject", sa.String(200), nullable=False),
        _token("step_key"),
        _time("create_time"),
        sa.PrimaryKeyConstraint("subject", "step_key", name="pk_step"),
    )
    op.create_index("ix_step_create_time", "step", ["create_time"])
    op.create_table(
        "notification",
        sa.Column("seq", types.Serial(), nullable=False),
        _id("id"),
        _token("recipient"),
        _token("topic"),
        _token("wording"),
        sa.Column("subject", sa.String(200), nullable=False),
        _token("step_key"),
        sa.Column("version", types.Serial(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("inbox", sa.Boolean(), nullable=False),
        _time("create_time"),
        _time("acknowledge_time", nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_notification"),
        sa.UniqueConstraint("id", name="uq_notification_id"),
        sa.UniqueConstraint("recipient", "subject", "step_key", name="uq_notification_recipient_subject_step_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notification_recipient_seq", "notification", ["recipient", "seq"])
    op.create_index("ix_notification_acknowledge_time_seq", "notification", ["acknowledge_time", "seq"])
    op.create_index("ix_notification_create_time", "notification", ["create_time"])


def _delivery_table() -> None:
    op.create_table(
        "delivery",
        sa.Column("seq", types.Serial(), nullable=False),
        _id("id"),
        _id("notification_id"),
        _token("channel"),
        _token("state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("smtp_code", sa.Integer(), nullable=False),
        _time("since"),
        _time("next_time", nullable=True),
        _time("update_time"),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notification.id"],
            name="fk_delivery_notification_id_notification",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("seq", name="pk_delivery"),
        sa.UniqueConstraint("id", name="uq_delivery_id"),
        sa.UniqueConstraint("notification_id", "channel", name="uq_delivery_notification_id_channel"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_state_next_time", "delivery", ["state", "next_time"])
    op.create_index("ix_delivery_state_seq", "delivery", ["state", "seq"])


def _common_tables() -> None:
    op.create_table(
        "parked",
        sa.Column("id", sa.String(32), nullable=False),
        _token("stream"),
        sa.Column("subject", sa.String(400), nullable=False),
        _token("region"),
        _token("reason"),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        _time("park_time"),
        sa.PrimaryKeyConstraint("id", name="pk_parked"),
    )
    op.create_index("ix_parked_park_time_id", "parked", ["park_time", "id"])
    op.create_index("ix_parked_region_park_time_id", "parked", ["region", "park_time", "id"])
    op.create_table(
        "request",
        sa.Column("caller", sa.String(127), nullable=False),
        _token("request_id"),
        sa.Column("method", sa.String(200), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        _time("create_time"),
        sa.PrimaryKeyConstraint("caller", "request_id", name="pk_request"),
    )
    op.create_index("ix_request_create_time", "request", ["create_time"])


def _token(column: str) -> sa.Column[Any]:
    """An id, a kind, a state or a key: at most 63 characters."""
    return sa.Column(column, sa.String(63), nullable=False)


def _id(column: str) -> sa.Column[Any]:
    """A UUID as text."""
    return sa.Column(column, sa.String(36), nullable=False)


def _time(column: str, *, nullable: bool = False) -> sa.Column[Any]:
    """A moment in UTC."""
    return sa.Column(column, types.UtcDateTime(), nullable=nullable)
