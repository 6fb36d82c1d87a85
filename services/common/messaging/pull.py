"""Guarantees that a durable's messages come as soon as they are there, and that a missing durable is noticed.

One request for 500 messages or one second is open at a time. A batch ends when nothing more came for a moment, so a
single change is not held back for others that may follow.
"""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from typing import Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from services.common.messaging.connection import NatsConnection, NotConnected

BATCH: Final = 500
EXPIRY_SECONDS: Final = 1.0
SILENT_SECONDS: Final = 10.0
"""A server ends each request after a second; one that says nothing for so long has no such durable for us."""
_GATHER_SECONDS = 0.005
_NO_RESPONDERS, _EXPIRED, _NO_MESSAGES = "503", "408", "404"


class DurableMissing(Exception):
    """The server has no durable of that name, or does not let us read it."""


class PullRefused(Exception):
    """The server ended the request for a reason of its own."""


class Pull:
    """Reads one durable over a connection that may be rebuilt at any time."""

    def __init__(self, connection: NatsConnection, stream: str, durable: str) -> None:
        self._connection = connection
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._client: Client | None = None
        self._subscription: Subscription | None = None
        self._session = 0
        self._arrived: deque[Msg] = deque()
        self._moved = asyncio.Event()
        self._wanted = 0
        """How many messages the open request may still bring; 0: none is open."""
        self._ended: Mapping[str, str] | None = None
        self._heard = 0.0

    @property
    def waiting(self) -> tuple[Msg, ...]:
        """What has come and was not fetched yet."""
        return tuple(self._arrived)

    async def fetch(self) -> list[Msg]:
        """Give the next messages, 1 to 500, or none when a second passed without any.

        Raises NotConnected, DurableMissing, PullRefused, and the library's errors when the connection breaks.
        """
        inbox = await self._bind()
        if not self._arrived and self._wanted == 0:
            await self._ask(inbox)
        if not self._arrived:
            await self._wait()
        await self._gather()
        batch = [self._arrived.popleft() for _ in range(min(BATCH, len(self._arrived)))]
        if not batch:
            self._say_why_empty()
        return batch

    async def unbind(self) -> None:
        """Let go of the subscription; the next fetch makes a fresh one."""
        subscription, client = self._subscription, self._client
        self._subscription = self._client = None
        self._arrived.clear()
        if subscription is not None and client is not None and client.is_connected:
            await subscription.unsubscribe()

    async def _bind(self) -> str:
        """Listen on an inbox of the present client; a request of an earlier session is lost."""
        client = self._connection.client
        if client is not self._client or self._subscription is None:
            self._arrived.clear()
            self._subscription = await client.subscribe(client.new_inbox(), cb=self._take)
            self._client = client
            self._heard = _now()
        if self._session != self._connection.sessions:
            self._session = self._connection.sessions
            self._wanted = 0
        return self._subscription.subject

    async def _ask(self, inbox: str) -> None:
        request = {"batch": BATCH, "expires": int(EXPIRY_SECONDS * 1e9)}
        self._wanted, self._ended = BATCH, None
        await self._connection.client.publish(self._subject, json.dumps(request).encode(), reply=inbox)

    async def _take(self, message: Msg) -> None:
        """Note what came: a message, or the word that the request is over."""
        self._heard = _now()
        if message.headers and "Status" in message.headers:
            self._wanted, self._ended = 0, message.headers
        else:
            self._wanted = max(0, self._wanted - 1)
            self._arrived.append(message)
        self._moved.set()

    async def _wait(self) -> None:
        """Wait for the first sign; a request without any is given up a little after it should have ended."""
        self._moved.clear()
        try:
            async with asyncio.timeout(EXPIRY_SECONDS + 0.5):
                await self._moved.wait()
        except TimeoutError:
            self._wanted = 0

    async def _gather(self) -> None:
        """Wait as long as more keeps coming."""
        seen = 0
        while self._wanted and seen < len(self._arrived) < BATCH:
            seen = len(self._arrived)
            await asyncio.sleep(_GATHER_SECONDS)

    def _say_why_empty(self) -> None:
        """Return for the ordinary end of a request, raise for anything else."""
        ended, self._ended = self._ended, None
        if ended is None:
            if _now() - self._heard > SILENT_SECONDS:
                self._heard = _now()
                raise DurableMissing
            return
        status, description = ended.get("Status", ""), ended.get("Description", "").lower()
        if status == _NO_RESPONDERS or "consumer deleted" in description:
            raise DurableMissing
        if "server shutdown" in description:
            raise NotConnected  # the link breaks in a moment
        if status not in {_EXPIRED, _NO_MESSAGES}:
            raise PullRefused


def _now() -> float:
    return asyncio.get_running_loop().time()
