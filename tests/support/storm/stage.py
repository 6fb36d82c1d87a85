"""Guarantees a running federation whose every process can be killed: brokers, directories, searches, OpenSearch."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.common.messaging.subjects import CATALOG, NODE, NODE_FILTER
from services.common.names import RegionId
from services.node.broker.setup import hub_init, node_init
from services.node.cli.target import Target
from services.node.install.home import opensearch_home
from services.node.install.opensearch_lock import LOCK_FILE, read_lock
from services.node.servers.nats import running_nats
from services.node.servers.opensearch import OpenSearchProcess, running_opensearch
from services.node.servers.ports import LOOPBACK
from tests.support.processes import ServiceProcess, running_service
from tests.support.storm.cast import EDITING, REGIONS, SEARCHING, STATE, Cast
from tests.support.storm.part import Part, Start

CONNECT_SECONDS = 30.0
REDELIVERY_SECONDS = 5.0


class Stage:
    """The running federation: `parts` by name ("hub", "engine", "broker-dresden", "directory-…", "search-…")."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.parts: dict[str, Part] = {}

    @property
    def engine_folder(self) -> Path:
        """Where OpenSearch lives."""
        return self.cast.layout(STATE).server("engine")

    def directory(self, region: RegionId) -> Target:
        """Say how to call a region's directory as its editor."""
        layout, ports = self.cast.layout(region), self.cast.settings[region].ports
        return Target(f"{LOOPBACK}:{ports.directory}", layout.cli_token("editor").read_text().strip(), region)

    def search(self, region: RegionId) -> Target:
        """Say how to call a region's search as the hotline."""
        layout, ports = self.cast.layout(region), self.cast.settings[region].ports
        return Target(f"{LOOPBACK}:{ports.search}", layout.cli_token("hotline").read_text().strip(), region)

    def hub_admin(self) -> AbstractAsyncContextManager[NatsConnection]:
        """Connect to the hub as its administrator."""
        layout = self.cast.layout(STATE)
        return connected(NatsSettings(self.cast.hub_url, "storm", layout.hub_user_nkey("admin")))

    def hub_as(self, region: RegionId) -> AbstractAsyncContextManager[NatsConnection]:
        """Connect to the hub as a region, with its own nkey and no more rights than it has."""
        nkey = self.cast.layout(region).hub_nkey
        return connected(NatsSettings(self.cast.hub_url, "storm", nkey, f"_INBOX_{region}"))

    def broker_admin(self, region: RegionId) -> AbstractAsyncContextManager[NatsConnection]:
        """Connect to a region's own broker as its administrator."""
        nkey = self.cast.layout(region).broker_nkey("admin")
        return connected(NatsSettings(self.cast.broker_url(region), "storm", nkey))

    async def healed(self) -> None:
        """Wait until every process is up."""
        for part in self.parts.values():
            await part.back()

    def wipe_engine(self) -> None:
        """Delete everything OpenSearch has stored; only while it is down."""
        shutil.rmtree(self.engine_folder / "data")


@asynccontextmanager
async def connected(settings: NatsSettings) -> AsyncIterator[NatsConnection]:
    """Give a connection that is up."""
    async with connect_nats(settings) as connection:
        await asyncio.wait_for(connection.until_connected(), CONNECT_SECONDS)
        yield connection


@asynccontextmanager
async def running_stage(cast: Cast) -> AsyncIterator[Stage]:
    """Run everything; leaving stops services first, then the servers under them."""
    stage = Stage(cast)
    async with AsyncExitStack() as servers, AsyncExitStack() as services:
        engine = asyncio.create_task(_enter(servers, stage, [("engine", _engine(stage))]))
        try:
            await _enter(servers, stage, [("hub", _hub(cast)), *((f"broker-{r}", _broker(cast, r)) for r in REGIONS)])
            await _prepare_brokers(stage)
            await _enter(services, stage, [(f"directory-{region}", _directory(cast, region)) for region in EDITING])
        finally:
            await engine
        await _enter(services, stage, [(f"search-{region}", _search(cast, region)) for region in SEARCHING])
        yield stage


async def _enter(stack: AsyncExitStack, stage: Stage, starts: Sequence[tuple[str, Start]]) -> None:
    parts = [Part(name, start) for name, start in starts]
    await asyncio.gather(*(stack.enter_async_context(part.running()) for part in parts))
    stage.parts.update({part.name: part for part in parts})


async def _prepare_brokers(stage: Stage) -> None:
    async with stage.hub_admin() as connection:
        await hub_init(connection, REGIONS)
        for durable in ("search", *EDITING):
            await _redeliver_soon(connection, CATALOG, durable)
    for region in REGIONS:
        async with stage.broker_admin(region) as connection:
            await node_init(connection, {"search": NODE_FILTER})
            await _redeliver_soon(connection, NODE, "search")


async def _redeliver_soon(connection: NatsConnection, stream: str, durable: str) -> None:
    """Have what a killed search left unacknowledged come again sooner: in earnest that takes 15 seconds."""
    config = (await connection.jetstream.consumer_info(stream, durable)).config
    await connection.jetstream.add_consumer(stream, replace(config, ack_wait=REDELIVERY_SECONDS))


def _hub(cast: Cast) -> Start:
    config, layout, port = cast.hub_config(), cast.layout(STATE), cast.settings[STATE].ports.hub
    return lambda: running_nats(config, port=port, log_path=layout.log("hub"))


def _broker(cast: Cast, region: RegionId) -> Start:
    config, layout, port = cast.broker_config(region), cast.layout(region), cast.settings[region].ports.broker
    return lambda: running_nats(config, port=port, log_path=layout.log("broker"))


def _engine(stage: Stage) -> Start:
    home, base, port = opensearch_home(read_lock(LOCK_FILE)), stage.engine_folder, stage.cast.engine_port

    def start() -> AbstractAsyncContextManager[OpenSearchProcess]:
        base.mkdir(parents=True, exist_ok=True)
        return running_opensearch(home, base, port=port, quick=True)

    return start


def _directory(cast: Cast, region: RegionId) -> Start:
    settings, log = cast.directory(region), cast.layout(region).log("directory")

    def start() -> AbstractAsyncContextManager[ServiceProcess]:
        return running_service("services.directory", settings, settings.server.address, log)

    return start


def _search(cast: Cast, region: RegionId) -> Start:
    settings, log = cast.search(region), cast.layout(region).log("search")

    def start() -> AbstractAsyncContextManager[ServiceProcess]:
        return running_service("services.search", settings, settings.server.address, log)

    return start
