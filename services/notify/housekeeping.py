"""Guarantees that what nobody needs any more goes: old notifications with their log, and stored answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from services.common.clock import Clock
from services.common.errors import ComeBackLater
from services.notify.ports import NotifyStore

log = structlog.get_logger(__name__)


class Housekeeping:
    """Removes what has expired, at the start and then at intervals."""

    def __init__(
        self, store: NotifyStore, clock: Clock, keep: timedelta, keep_answers: timedelta, period_seconds: float
    ) -> None:
        self._store = store
        self._clock = clock
        self._keep = keep
        self._keep_answers = keep_answers
        self._period_seconds = period_seconds

    async def once(self) -> int:
        """Remove what has expired; gives how many notifications."""
        moment = self._clock()
        async with self._store.transaction() as store:
            count = await store.purge(moment - self._keep, moment - self._keep_answers)
        if count:
            log.info("notifications.purged", count=count)
        return count

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep house in the background; leaving stops it."""
        task = asyncio.create_task(self._run(), name="housekeeping")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            try:
                await self.once()
            except ComeBackLater as error:
                # The next round comes anyway; what has expired does not become wrong by staying.
                log.warning("housekeeping.postponed", reason=error.reason)
            await asyncio.sleep(self._period_seconds)
