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


@asynccontextmanager
async def held(messages: Callable[[], Iterable[Msg]], seconds: float = HOLD_SECONDS) -> AsyncIterator[None]:
    """Give a sign every so many seconds for what `messages` names then and what is neither acked nor put back."""
    task = asyncio.create_task(_hold(messages, seconds), name="holding")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _hold(messages: Callable[[], Iterable[Msg]], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        for message in tuple(messages()):
            # Without a connection there is nobody to tell; the messages come again, which the inbox makes harmless.
            with suppress(nats.errors.Error, OSError):
                # A sign for one that was put back would only delay it.
                if not message.is_acked:
                    await message.in_progress()
