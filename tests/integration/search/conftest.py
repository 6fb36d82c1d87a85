"""A search service on the real engine, with an index of its own for each test."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest_asyncio

from tests.integration.search.world import World, running_world


@pytest_asyncio.fixture(loop_scope="session")
async def world(opensearch_url: str, tmp_path: Path) -> AsyncIterator[World]:
    database_url = f"sqlite+aiosqlite:///{tmp_path}/search.db"
    async with running_world(opensearch_url, database_url, f"test-{uuid4().hex}") as made:
        yield made
