"""Guarantees that watchers learn of each commit, of this process at once and of another replica's within a second.

One look at the database a second serves all watchers, however many there are.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from services.common.db.wake import OutboxSignal
from services.common.errors import ComeBackLater
from services.notify.ports import NotifyStore

log = structlog.get_logger(__name__)


class NotificationFeed:
    """Knows up to where notifications are committed."""

    def __init__(self, store: NotifyStore, signal: OutboxSignal, look_seconds: float) -> None:
        self._store = store
        self._signal = signal
        self._look_seconds = look_seconds
        self._head = 0
        self._moved = asyncio.Event()

    @property
    def head(self) -> int:
        """A place up to which everything is committed."""
        return self._head

    async def wait_beyond(self, seq: int, timeout_seconds: float) -> bool:
        """Wait until something above this place is committed; False when the time is over first."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while self._head <= seq:
                    await self._moved.wait()
        except TimeoutError:
            return False
        return True

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look in the background; leaving stops it."""
        task = asyncio.create_task(self._run(), name="notify:feed")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            # The count is read before the look: a commit in between wakes the wait at once.
            count = self._signal.count
            try:
                async with self._store.reading() as view:
                    self._advance(await view.head())
            except ComeBackLater as error:
                log.warning("feed.postponed", reason=error.reason)
            await self._signal.wait_beyond(count, self._look_seconds)

    def _advance(self, head: int) -> None:
        if head > self._head:
            self._head = head
            # A fresh event for the next round: with one event, the first waiter to clear it would rob the others.
            self._moved.set()
            self._moved = asyncio.Event()
