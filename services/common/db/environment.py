"""Owns what every service's `migrations/env.py` does: run the revisions on the connection that `migrations` opened."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import MetaData
from sqlmodel.sql.sqltypes import AutoString

from services.common.db import types
from services.common.db.migrations import version_table


def run_environment(metadata: MetaData) -> None:
    """Run the asked-for revisions; `metadata` is the service's own, for comparing code with database.

    Raises KeyError when Alembic was not started by `migrations` or `revise`.
    """
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        target_metadata=metadata,
        version_table=version_table(attributes["service"]),
        # SQLite cannot alter most things in place: Alembic rebuilds the table there, and alters it on PostgreSQL.
        render_as_batch=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write column types as a revision should keep them: ours without inner arguments, SQLModel's as plain strings."""
    if kind != "type":
        return False
    if isinstance(item, AutoString):
        length = getattr(item.impl, "length", None)
        return f"sa.String(length={length})" if length else "sa.String()"
    if type(item).__module__ == types.__name__:
        autogen.imports.add("from services.common.db import types")
        return f"types.{type(item).__name__}()"
    return False
