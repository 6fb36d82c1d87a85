"""Guarantees that each message sent to a stream ends as acknowledged, refused or unknown, and says which.

The library's `publish_async` does the same on the wire; this one costs less per message, shares one time limit, and
ends at once when the connection breaks instead of waiting for answers that cannot come.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from services.common.messaging.connection import NatsConnection

WINDOW: Final = 500
"""Messages on their way at once (federation.md, "Outbox relay", rule 3)."""
YIELD_EVERY: Final = 50
"""Messages sent in one go, about 8 ms with their signatures. The library's publish never yields, so we must; and in
larger bursts the server syncs its disk for more messages at once."""
SILENCE_SECONDS: Final = 5.0
"""When no answer came for so long, what is on its way counts as unknown."""

NO_STREAM: Final = 503
"""Refusal: no stream listens on the subject."""
TOO_BIG: Final = 10054
"""Refusal: larger than the stream's or the server's limit."""
STREAM_FULL: Final = 10077
"""Refusal: the stream is full and keeps what it has."""
NO_PERMISSION: Final = 403
"""Refusal of ours: the server said that this user may not publish there; such a message has no answer of its own."""
UNSENDABLE: Final = 400
"""Refusal of ours: no message can be made of the row."""


@dataclass(frozen=True, slots=True)
class Acked:
    """The stream has the message on disk at `stream_seq`; `duplicate`: it had it already, by its message id."""

    stream_seq: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Rejected:
    """The server has not stored the message; `code` is its own error code, or NO_STREAM."""

    code: int


Answer = Acked | Rejected


class PublishWindow:
    """Sends messages of one batch, at most `WINDOW` unanswered; made by `publish_window`."""

    def __init__(self, connection: NatsConnection, client: Client, silence_seconds: float) -> None:
        self._connection = connection
        self._client = client
        self._silence_seconds = silence_seconds
        self._inbox = client.new_inbox()
        self._answers: dict[int, Answer] = {}
        self._sent = 0
        self._moved = asyncio.Event()

    async def send(self, number: int, subject: str, payload: bytes, headers: Mapping[str, str]) -> bool:
        """Send one message under a number of the caller's choice; False when the broker is gone or silent.

        After False nothing more can be sent; the answers so far stay.
        """
        if self._sent - len(self._answers) >= WINDOW and not await self._until(WINDOW - 1):
            return False
        try:
            await self._client.publish(subject, payload, reply=f"{self._inbox}.{number}", headers=dict(headers))
        except nats.errors.MaxPayloadError:
            self._answers[number] = Rejected(TOO_BIG)
        except (nats.errors.Error, OSError):
            return False
        self._sent += 1
        if self._sent % YIELD_EVERY == 0:
            await asyncio.sleep(0)
        return True

    async def answers(self) -> Mapping[int, Answer]:
        """Wait for what is on its way and give all answers by number; a number that is missing is unknown."""
        await self._until(0)
        return self._answers

    async def _until(self, unanswered: int) -> bool:
        """Wait until no more than so many are unanswered; False when answers stopped or the connection broke."""
        while self._sent - len(self._answers) > unanswered:
            self._moved.clear()
            try:
                async with asyncio.timeout(self._silence_seconds):
                    await self._moved.wait()
            except TimeoutError:
                return False
            if not self._client.is_connected:
                return False
        return True

    async def take_answer(self, message: Msg) -> None:
        """Note one answer; anything that is none is left out, so its message stays unknown."""
        number = int(message.subject.rsplit(".", 1)[1])
        answer = read_answer(message.headers or {}, message.data)
        if answer is not None:
            self._answers[number] = answer
            self._moved.set()

    async def watch(self) -> None:
        """Wake the waiting side when the connection breaks."""
        await self._connection.until_lost()
        self._moved.set()

    @property
    def inbox(self) -> str:
        """Where the answers of this window come."""
        return self._inbox


@asynccontextmanager
async def publish_window(
    connection: NatsConnection, silence_seconds: float = SILENCE_SECONDS
) -> AsyncIterator[PublishWindow]:
    """Open a window on the present connection; raises NotConnected."""
    client = connection.client
    window = PublishWindow(connection, client, silence_seconds)
    subscription = await client.subscribe(f"{window.inbox}.*", cb=window.take_answer)
    watch = asyncio.create_task(window.watch())
    try:
        yield window
    finally:
        watch.cancel()
        if client.is_connected:
            await subscription.unsubscribe()


def read_answer(headers: Mapping[str, str], data: bytes) -> Answer | None:
    """Read what a server answered to a publish; None for anything that is no such answer."""
    if headers.get("Status") == str(NO_STREAM):
        return Rejected(NO_STREAM)
    try:
        content = json.loads(data.decode())  # bytes would be searched for their encoding first
        if "error" in content:
            error = content["error"]
            return Rejected(int(error.get("err_code") or error["code"]))
        return Acked(int(content["seq"]), bool(content.get("duplicate", False)))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
