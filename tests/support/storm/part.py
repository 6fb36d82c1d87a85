"""Owns one process of the stage: it comes back by itself at the same address, and can be killed, held down or wiped."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from services.node.supervision import ServerProcess, Supervised
from tests.support.processes import until

Start = Callable[[], AbstractAsyncContextManager[ServerProcess]]

BACK_SECONDS = 240.0
"""OpenSearch is the slowest: 10 s alone, over 90 s on two cores shared by ten; then it is begun anew."""


class Part:
    """One supervised process."""

    def __init__(self, name: str, start: Start) -> None:
        self.name = name
        self._start = start
        self._may_run = asyncio.Event()
        self._may_run.set()
        self._before_start: Callable[[], None] | None = None
        self._supervised = Supervised(name, self._gated)

    @property
    def up(self) -> bool:
        """Whether it has answered and not ended since."""
        process = self._supervised.process
        return process is not None and process.child.returncode is None

    @property
    def starts(self) -> int:
        """How often it came up."""
        return self._supervised.starts

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run it for the length of the block."""
        async with self._supervised.running():
            try:
                yield
            finally:
                self._may_run.set()  # a part that is held down could not be stopped

    async def end(self, number: signal.Signals = signal.SIGKILL) -> bool:
        """Send the process a signal by its pid and see it gone; False when it was down already."""
        process = self._supervised.process
        if process is None or not self.up:
            return False
        process.child.signal(number)
        await process.child.wait()
        return True

    async def restart(
        self, number: signal.Signals = signal.SIGKILL, before_start: Callable[[], None] | None = None
    ) -> None:
        """End it, do something while it is down, and wait until it is back."""
        self._before_start = before_start
        starts = self.starts
        await self.end(number)
        await self.back(starts)

    async def back(self, starts: int = 0) -> None:
        """Wait until it is up, having started more often than `starts`."""

        async def is_back() -> bool:
            return self.up and self.starts > starts

        await until(is_back, f"{self.name} is up again", BACK_SECONDS)

    @asynccontextmanager
    async def held_down(self) -> AsyncIterator[None]:
        """Kill it, and let it come back only at the end of the block, which waits for it."""
        starts = self.starts
        self._may_run.clear()
        try:
            await self.end()
            yield
        finally:
            self._may_run.set()
        await self.back(starts)

    @asynccontextmanager
    async def _gated(self) -> AsyncIterator[ServerProcess]:
        await self._may_run.wait()
        if self._before_start is not None:
            self._before_start()
            self._before_start = None
        async with self._start() as process:
            yield process
