"""Guarantees that messages under work are not delivered again, however long the work takes.

A durable delivers again what stayed without a sign for its ack_wait. That wait is short, so that what a killed reader
had taken comes soon; a living one says at intervals that it is still at work.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Final

import nats.errors
from nats.aio.msg import Msg

from services.common.messaging.streams import ACK_WAIT_SECONDS

HOLD_SECONDS: Final = ACK_WAIT_SECONDS / 3
"""How often a sign is given: one that is lost or late does not let the wait end."""
_FAREWELL_SECONDS: Final = 1.0


@asynccontextmanager
async def held(messages: Callable[[], Iterable[Msg]], seconds: float = HOLD_SECONDS) -> AsyncIterator[None]:
    """Give a sign every so many seconds for what `messages` names then and what is neither acked nor put back."""
    over = asyncio.Event()
    task = asyncio.create_task(_hold(messages, seconds, over), name="holding")
    try:
        yield
    finally:
        # Never waited for without end: a client that swallows the cancellation must not hold up its reader.
        over.set()
        task.cancel()
        await asyncio.wait([task], timeout=_FAREWELL_SECONDS)


async def _hold(messages: Callable[[], Iterable[Msg]], seconds: float, over: asyncio.Event) -> None:
    while not over.is_set():
        await asyncio.sleep(seconds)
        for message in tuple(messages()):
            # Without a connection there is nobody to tell; the messages come again, which the inbox makes harmless.
            with suppress(nats.errors.Error, OSError):
                # A sign for one that was put back would only delay it.
                if not message.is_acked:
                    await message.in_progress()
