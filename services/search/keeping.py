"""Guarantees that a suitable index comes to be served by itself: at the start, after a new release, after a wipe."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from services.common.errors import ComeBackLater
from services.search.ports import IndexGenerations, RebuildFailed
from services.search.reindex import Rebuild, Rebuilt

log = structlog.get_logger(__name__)

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.5, 30.0
_LOOK_SECONDS = 30.0
"""How often it looks without being told: a wiped engine is noticed even when nobody writes or searches."""


class IndexKeeper:
    """Rebuilds the index when it is missing or of another shape, and on demand."""

    def __init__(self, rebuild: Rebuild, generations: IndexGenerations) -> None:
        self._rebuild = rebuild
        self._generations = generations
        self._look = asyncio.Event()

    def index_is_missing(self) -> None:
        """Say that somebody met no index: it looks at once."""
        self._look.set()

    async def rebuild(self) -> Rebuilt:
        """Rebuild now, whatever is served. Raises as `Rebuild.run` does."""
        return await self._rebuild.run()

    async def is_served(self) -> bool:
        """Say whether a suitable index is served; for health checks. Raises SEARCH_ENGINE_UNAVAILABLE."""
        return await self._generations.is_current()

    async def ensure(self) -> Rebuilt | None:
        """Rebuild unless a suitable index is served; None when it is. Raises as `Rebuild.run` does."""
        return None if await self._generations.is_current() else await self._rebuild.run()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep an index served while the block runs; it begins at once, the first rebuild may take minutes."""
        task = asyncio.create_task(self._keep(), name="search:index")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep(self) -> None:
        wait = _FIRST_WAIT_SECONDS
        while True:
            self._look.clear()
            try:
                await self.ensure()
            except (ComeBackLater, RebuildFailed) as error:
                log.warning("index.missed", error=type(error).__name__, wait_seconds=wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT_SECONDS)
            else:
                wait = _FIRST_WAIT_SECONDS
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self._look.wait()
