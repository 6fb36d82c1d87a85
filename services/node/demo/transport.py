"""Looks into the NATS servers of the demo, as their administrator: which message stands on a subject, since when."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.common.messaging.streams import newest_message
from services.node.demo.narrator import StepFailed
from services.node.layout import NodeLayout

WAIT_SECONDS = 15.0
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as a stream holds it: where, at which place, since when (Unix seconds of the server's clock)."""

    stream: str
    subject: str
    seq: int
    time: float


async def stored_at_broker(layout: NodeLayout, stream: str, subject: str, since: float) -> Stored:
    """Wait until the node's own broker holds a message on the subject that is newer than `since`."""
    return await _stored(layout.read_addresses()["broker"], layout.broker_nkey("admin"), stream, subject, since)


async def stored_at_hub(layout: NodeLayout, stream: str, subject: str, since: float) -> Stored:
    """Wait until the hub beside the state node holds a message on the subject that is newer than `since`."""
    return await _stored(layout.read_addresses()["hub"], layout.hub_user_nkey("admin"), stream, subject, since)


async def _stored(url: str, nkey: Path, stream: str, subject: str, since: float) -> Stored:
    async with _connected(url, nkey) as connection:
        deadline = time.perf_counter() + WAIT_SECONDS
        while time.perf_counter() < deadline:
            message = await newest_message(connection, stream, subject)
            if message is not None and message.time.timestamp() >= since:
                return Stored(stream, subject, message.seq, message.time.timestamp())
            await asyncio.sleep(POLL_SECONDS)
    raise StepFailed(f"nothing new on {subject} within {WAIT_SECONDS:.0f} s")


@asynccontextmanager
async def _connected(url: str, nkey: Path) -> AsyncIterator[NatsConnection]:
    async with connect_nats(NatsSettings(url, "demo", nkey)) as connection:
        async with asyncio.timeout(WAIT_SECONDS):
            await connection.until_connected()
        yield connection
