"""Owns the freshness of every region as searches report it: read from the database beside the calls, judged in them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import structlog

from services.common.errors import ComeBackLater
from services.search.domain.coverage import RegionCoverage, StoredFacts, state_of
from services.search.ports import CatalogReading, EntryStore, Federation

log = structlog.get_logger(__name__)


class FreshnessBook:
    """`ports.Freshness`: facts at most some seconds old, so that no search waits for the database."""

    def __init__(self, store: EntryStore, federation: Federation, reading: CatalogReading) -> None:
        self._store = store
        self._federation = federation
        self._reading = reading
        self._facts: Mapping[str, StoredFacts] = {}

    def current(self, moment: datetime) -> Sequence[RegionCoverage]:
        """Judge all active members by the facts read last, and by the time that has passed since."""
        reader = self._reading.facts()
        return [
            RegionCoverage(
                member.region,
                member.display_name,
                state_of(member.region, stored, reader, moment),
                stored,
            )
            for member in self._federation.members()
            if member.active
            for stored in (self._facts.get(member.region, StoredFacts()),)
        ]

    async def exact(self, moment: datetime) -> Sequence[RegionCoverage]:
        """Read the facts, then judge."""
        await self.refresh()
        return self.current(moment)

    async def refresh(self) -> None:
        """Read the facts now; raises ComeBackLater DATABASE_UNAVAILABLE."""
        self._facts = await self._store.facts()

    @asynccontextmanager
    async def running(self, seconds: float) -> AsyncIterator[None]:
        """Read the facts again and again while the block runs; the first reading is done when it begins."""
        await self.refresh()
        task = asyncio.create_task(self._keep(seconds), name="search:freshness")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.refresh()
            except ComeBackLater as error:
                # The facts grow old in the meantime, and so the regions turn stale: nothing is hidden.
                log.warning("freshness.unread", reason=error.reason)
