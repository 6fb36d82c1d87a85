"""Guarantees that a backlog's next batch is ready when the answers to the present one are in, and that none is stale.

While the broker stores, the relay would only wait. What is read ahead is sent only if everything before it was
acknowledged and forgotten, so records keep their order; and only at once, because a row may be taken back meanwhile.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from services.common.db import outbox
from services.common.db.engine import Database
from services.common.db.outbox import OutboxRow
from services.common.messaging.batch import pick
from services.common.messaging.packing import Address, Batch, packed_or_none

BATCH_ROWS: Final = 1_000
"""Rows read at a time (federation.md, "Outbox relay", rule 2)."""
FRESH_SECONDS: Final = 1.0
"""How long a prepared batch is good: the next round follows at once, or something is in the way."""
MOST_BYTES: Final = 8 * 2**20
"""Bodies of a batch beyond which nothing is prepared: two such batches would be too much to hold at once."""
_YIELD_EVERY = 20
"""Messages made in one go, about 1.3 ms: answers are read meanwhile."""


class Ahead:
    """Prepares one batch while another is on its way."""

    def __init__(self, database: Database, address: Address, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._database = database
        self._address = address
        self._fresh_seconds = fresh_seconds
        self._task: asyncio.Task[Batch | None] | None = None
        self._prepared: tuple[float, Batch] | None = None

    def take(self) -> Batch | None:
        """Give what was prepared, once; None when nothing was or it has become too old."""
        prepared, self._prepared = self._prepared, None
        if prepared is None or _now() - prepared[0] > self._fresh_seconds:
            return None
        return prepared[1]

    def drop(self) -> None:
        """Forget what was prepared: somebody else may send it."""
        self._prepared = None

    def begin(self, rows: Sequence[OutboxRow]) -> None:
        """Start to prepare what follows these rows, if a whole batch of moderate size says that more waits."""
        if len(rows) == BATCH_ROWS and _bytes_of(rows) <= MOST_BYTES:
            self._task = asyncio.create_task(self._prepare(rows[-1].seq), name="preparing")

    async def keep(self) -> None:
        """Wait for what was begun and keep it for the next round: everything before it is forgotten now."""
        if self._task is not None and (batch := await self._task) is not None:
            self._prepared = _now(), batch

    @asynccontextmanager
    async def round(self) -> AsyncIterator[None]:
        """Bound one round: what is begun in it and not kept ends with it."""
        try:
            yield
        finally:
            task, self._task = self._task, None
            if task is not None and not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _prepare(self, seq: int) -> Batch | None:
        async with self._database.reading() as session:
            rows = await outbox.oldest(session, self._address.target, BATCH_ROWS, beyond=seq)
        if not rows or _bytes_of(rows) > MOST_BYTES:
            return None
        chosen = pick(rows, {}, ())
        packed = {}
        for number, row in enumerate(chosen):
            packed[number] = packed_or_none(self._address, row)
            if number % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
        return Batch(rows, chosen, packed)


def _bytes_of(rows: Sequence[OutboxRow]) -> int:
    return sum(len(row.record.body) for row in rows)


def _now() -> float:
    return asyncio.get_running_loop().time()
