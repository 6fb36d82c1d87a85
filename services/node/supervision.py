"""Guarantees that a server which ends by itself is started again, at the same address, until the node ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Generic, Protocol, TypeVar

import structlog

from services.node.servers.child import Child
from services.node.servers.errors import ServerStartError

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0


class ServerProcess(Protocol):
    """A server that was started by us."""

    @property
    def url(self) -> str:
        """Where it answers."""

    @property
    def child(self) -> Child:
        """Its process."""


P = TypeVar("P", bound=ServerProcess)


class Supervised(Generic[P]):
    """One server under supervision; `process` is the one that runs now, or ran last."""

    def __init__(self, name: str, start: Callable[[], AbstractAsyncContextManager[P]]) -> None:
        self._name = name
        self._start = start
        self.process: P | None = None
        self.starts = 0

    @property
    def pid(self) -> int:
        """Process id of the server that runs now, or ran last."""
        return self.process.child.pid if self.process else 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[P]:
        """Start the server and yield it once it answers; leaving stops it for good, in the middle of a start too.

        Raises ServerStartError, or OSError, when the first start fails: a node that cannot begin says so. Later
        starts are repeated with growing pauses for as long as it takes.
        """
        first: asyncio.Future[P] = asyncio.get_running_loop().create_future()
        keeping = asyncio.create_task(self._keep(first), name=f"supervise-{self._name}")
        either: tuple[asyncio.Future[Any], ...] = (keeping, first)
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():
                keeping.result()  # raises what kept the server from its first start
            yield first.result()
        finally:
            # The server is stopped in order by its own block, which the cancellation leaves.
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _keep(self, first: "asyncio.Future[P]") -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self._start() as process:
                    self.process, self.starts = process, self.starts + 1
                    if not first.done():
                        first.set_result(process)
                    code = await process.child.wait()
                    log.warning("server.ended", server=self._name, exit_code=code)
                    pause = FIRST_PAUSE_SECONDS
            except (ServerStartError, OSError) as error:
                if not self.starts:
                    raise
                reason = error.reason if isinstance(error, ServerStartError) else type(error).__name__
                log.warning("server.not_started", server=self._name, reason=reason)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
