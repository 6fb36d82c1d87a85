"""Guarantees a connection to one NATS server that outlives the server's absence, at the start and at any time later.

Nothing is kept back for later while the server is away: a publish fails at once, so that only the outbox decides what
is sent (with the client's buffer on, 19 of 20 timed-out publishes were stored after all).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import nats.errors
import structlog
from nats.aio.client import Client
from nats.js.client import JetStreamContext

from services.common.crypto.keys import load_nkey_seed
from services.common.messaging.backoff import Backoff

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NatsSettings:
    """Where to connect and as whom.

    `name` labels the connection in the server's log. Who connects is proven by the nkey seed in `nkey_seed_file`
    (None only on a server without users). `inbox_prefix` is where answers come: "_INBOX_<region>" for a region at the
    hub, because the hub lets it listen nowhere else.
    """

    url: str
    name: str
    nkey_seed_file: Path | None = None
    inbox_prefix: str = "_INBOX"


class NotConnected(Exception):
    """The server cannot be reached right now."""


class NatsConnection:
    """One connection, rebuilt as often as needed. Made by `connect_nats`."""

    def __init__(self, settings: NatsSettings) -> None:
        self.settings = settings
        self.violations = 0
        """How often the server refused a subject for lack of permission; each one is an alarm."""
        self.sessions = 0
        """How often a connection was established."""
        self._client: Client | None = None
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._down.set()

    @property
    def connected(self) -> bool:
        """Whether the server is there right now; a frozen link is noticed after 10–15 s."""
        return self._client is not None and self._client.is_connected and self._up.is_set()

    @property
    def client(self) -> Client:
        """The library's client of now; raises NotConnected. Take it anew for each piece of work."""
        if self._client is None or not self.connected:
            raise NotConnected
        return self._client

    @property
    def jetstream(self) -> JetStreamContext:
        """The library's JetStream calls of now; raises NotConnected."""
        return self.client.jetstream()

    async def until_connected(self) -> None:
        """Wait until the server is there."""
        await self._up.wait()

    async def until_lost(self) -> None:
        """Wait until the present connection is lost; returns at once when there is none."""
        await self._down.wait()

    async def keep(self) -> None:
        """Connect, and build a fresh client whenever the old one gives up; runs until cancelled."""
        backoff = Backoff(0.2, 5.0)
        while True:
            closed = asyncio.Event()
            client = self._client = Client()
            try:
                await self._connect(client, closed)
                self._mark_up()
                backoff.reset()
                await closed.wait()
            except (OSError, nats.errors.Error) as error:
                log.warning("broker.refused", broker=self.settings.name, error=type(error).__name__)
            finally:
                self._mark_down()
                with suppress(OSError, nats.errors.Error):
                    await client.close()
            await asyncio.sleep(backoff.next())

    async def _connect(self, client: Client, closed: asyncio.Event) -> None:
        """Connect with the options of federation.md, "Outages"; while the server is away this waits and tries."""

        async def on_closed() -> None:
            self._mark_down()
            closed.set()

        seed = self.settings.nkey_seed_file
        await client.connect(
            self.settings.url,
            name=self.settings.name,
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnected,
            reconnected_cb=self._on_reconnected,
            closed_cb=on_closed,
            nkeys_seed_str=load_nkey_seed(seed) if seed else None,
            inbox_prefix=self.settings.inbox_prefix,
            pending_size=0,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.5,  # type: ignore[arg-type]  # the library says int and sleeps any number
            ping_interval=5,
            max_outstanding_pings=2,
        )

    async def _on_disconnected(self) -> None:
        self._mark_down()

    async def _on_reconnected(self) -> None:
        self._mark_up()

    async def _on_error(self, error: Exception) -> None:
        """Count violations; say the rest quietly, because a missing server repeats itself twice a second."""
        if "permissions violation" in str(error).lower():
            self.violations += 1
            log.error("broker.violated", broker=self.settings.name, violations=self.violations)
        else:
            log.debug("broker.unreachable", broker=self.settings.name, error=type(error).__name__)

    def _mark_up(self) -> None:
        self.sessions += 1
        self._down.clear()
        self._up.set()
        log.info("broker.connected", broker=self.settings.name, session=self.sessions)

    def _mark_down(self) -> None:
        if self._up.is_set():
            log.warning("broker.lost", broker=self.settings.name)
        self._up.clear()
        self._down.set()


@asynccontextmanager
async def connect_nats(settings: NatsSettings) -> AsyncIterator[NatsConnection]:
    """Give a connection that is made in the background, so that a service starts before its broker.

    Leaving closes it. Raises KeyFileError at once when the seed file is of no use.
    """
    if settings.nkey_seed_file is not None:
        load_nkey_seed(settings.nkey_seed_file)
    connection = NatsConnection(settings)
    task = asyncio.create_task(connection.keep(), name=f"nats:{settings.name}")
    try:
        yield connection
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
