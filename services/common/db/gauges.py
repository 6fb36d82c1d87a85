"""Shows operators what waits in an outbox, by target: an age that grows means a target that takes nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from prometheus_client import CollectorRegistry, Gauge

from services.common.clock import Clock
from services.common.db import outbox
from services.common.db.engine import Database
from services.common.errors import ComeBackLater

PERIOD_SECONDS = 5.0


class OutboxGauges:
    """Keeps `lotse_outbox_rows` and `lotse_outbox_oldest_seconds` current, by target."""

    def __init__(self, database: Database, registry: CollectorRegistry, clock: Clock, targets: Sequence[str]) -> None:
        self._database = database
        self._clock = clock
        self._targets = targets
        self._rows = Gauge("lotse_outbox_rows", "Rows not acknowledged yet.", ("target",), registry=registry)
        self._age = Gauge("lotse_outbox_oldest_seconds", "Age of the oldest such row.", ("target",), registry=registry)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Count every five seconds while the block runs."""
        task = asyncio.create_task(self._keep(), name="outbox:gauges")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def count(self) -> None:
        """Count once. Raises ComeBackLater DATABASE_UNAVAILABLE."""
        async with self._database.reading() as session:
            depths = await outbox.depth(session)
        now = self._clock()
        for target in self._targets:
            depth = depths.get(target)
            self._rows.labels(target).set(depth.rows if depth else 0)
            self._age.labels(target).set((now - depth.oldest_time).total_seconds() if depth else 0.0)

    async def _keep(self) -> None:
        while True:
            with suppress(ComeBackLater):  # readiness says that the database is away; the figures stay as they were
                await self.count()
            await asyncio.sleep(PERIOD_SECONDS)
