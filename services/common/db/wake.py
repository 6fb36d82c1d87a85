"""Guarantees that nobody who waits for new outbox rows of this process sleeps through them."""

import asyncio


class OutboxSignal:
    """Counts the committed transactions of this process that added outbox rows.

    A relay reads `count`, then the outbox, then waits for the count to go on: rows committed in between wake it at
    once. Rows of another process do not count here, hence every wait has a time limit (a relay's poll, 1 s).
    """

    def __init__(self) -> None:
        self._count = 0
        self._moved = asyncio.Event()

    @property
    def count(self) -> int:
        """How many transactions have added rows so far."""
        return self._count

    def notify(self) -> None:
        """Wake everyone who waits; called by `Database.transaction` after the commit."""
        self._count += 1
        # A fresh event for the next round: with one event, the first waiter to clear it would rob the others.
        self._moved.set()
        self._moved = asyncio.Event()

    async def wait_beyond(self, count: int, timeout_seconds: float) -> bool:
        """Wait until the count is higher than `count`; False when the time is over first."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while self._count <= count:
                    await self._moved.wait()
        except TimeoutError:
            return False
        return True
