"""Inbox, entries, heads.

Revision 0001, the first, written 2026-11-22.
"""

import sqlalchemy as sa
from alembic import op

from services.common.db import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "entry",
        sa.Column("region", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=63), nullable=False),
        sa.Column("record_id", sa.String(length=63), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("automatic_topics", types.JsonDocument(), nullable=False),
        sa.Column("topics_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("region", "kind", "record_id", name=op.f("pk_entry")),
    )
    op.create_table(
        "inbox",
        sa.Column("region", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=63), nullable=False),
        sa.Column("record_id", sa.String(length=63), nullable=False),
        sa.Column("epoch", types.Serial(), nullable=False),
        sa.Column("revision", types.Serial(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("outbox_seq", types.Serial(), nullable=False),
        sa.Column("read_time", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("region", "kind", "record_id", name=op.f("pk_inbox")),
    )
    op.create_table(
        "parked",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("stream", sa.String(length=63), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("region", sa.String(length=63), nullable=False),
        sa.Column("reason", sa.String(length=63), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("park_time", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parked")),
    )
    with op.batch_alter_table("parked", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_parked_park_time_id"), ["park_time", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_parked_region_park_time_id"), ["region", "park_time", "id"], unique=False)

    op.create_table(
        "region_head",
        sa.Column("region", sa.String(length=63), nullable=False),
        sa.Column("epoch", types.Serial(), nullable=True),
        sa.Column("outbox_high_mark", types.Serial(), nullable=True),
        sa.Column("live_offers", types.Serial(), nullable=True),
        sa.Column("head_time", types.UtcDateTime(), nullable=True),
        sa.Column("change_time", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("region", name=op.f("pk_region_head")),
    )


def downgrade() -> None:
    op.drop_table("region_head")
    with op.batch_alter_table("parked", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_parked_region_park_time_id"))
        batch_op.drop_index(batch_op.f("ix_parked_park_time_id"))

    op.drop_table("parked")
    op.drop_table("inbox")
    op.drop_table("entry")
