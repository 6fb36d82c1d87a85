"""The store of what was read, empty, on each database that Lotse promises to run on."""

from collections.abc import AsyncIterator

import pytest_asyncio

from services.common.db import migrations
from services.common.db.engine import connect_database
from services.search.adapters.sql import SqlEntryStore
from services.search.app import MIGRATIONS


@pytest_asyncio.fixture(loop_scope="session")
async def store(database_url: str) -> AsyncIterator[SqlEntryStore]:
    await migrations.upgrade(database_url, MIGRATIONS, "search")
    async with connect_database(database_url) as database:
        yield SqlEntryStore(database)
