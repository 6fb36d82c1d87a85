"""A link to a NATS server that can hold one published message back and let it through later, as a slow network does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.node.servers.ports import free_port


class HoldingProxy:
    """Passes everything on, except the next publish on a subject that it was told to hold."""

    def __init__(self, upstream_port: int) -> None:
        self.port = free_port()
        self._upstream_port = upstream_port
        self._wanted: bytes | None = None
        self._held: tuple[asyncio.StreamWriter, bytes] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def holds(self) -> bool:
        return self._held is not None

    def hold_next(self, subject: str) -> None:
        self._wanted = subject.encode()

    async def release(self) -> None:
        """Deliver what was held, after everything that was sent since."""
        assert self._held is not None
        (writer, frame), self._held = self._held, None
        writer.write(frame)
        await writer.drain()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["HoldingProxy"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        for work in (self._to_server(reader, up_writer), _copy(up_reader, writer)):
            task = asyncio.create_task(work)
            self._tasks.add(task)

    async def _to_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                frame = line
                words = line.split()
                if words and words[0] in {b"PUB", b"HPUB"}:
                    frame += await reader.readexactly(int(words[-1]) + 2)
                    if words[1] == self._wanted:
                        self._wanted, self._held = None, (writer, frame)
                        continue
                writer.write(frame)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()
