"""Composes the directory: database, relays to hub and own broker, server. The only module that names adapters."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry

from lotse.directory.v1.directory_service_pb2_grpc import add_DirectoryServiceServicer_to_server
from lotse.federation.v1.envelope_pb2 import NodeHead
from services.common.clock import Clock, utc_now
from services.common.db import migrations
from services.common.db.engine import Database, connect_database
from services.common.db.gauges import OutboxGauges
from services.common.ids import new_record_id
from services.common.messaging.connection import NatsConnection
from services.common.messaging.relay import HUB, LOCAL, OutboxRelay
from services.common.names import RegionId
from services.common.paging import PageTokens, page_token_secret
from services.common.rpc.address import parse_address
from services.common.rpc.health import Health
from services.common.rpc.metrics import CallMetrics
from services.common.rpc.ops import serving_ops
from services.common.rpc.server import Registration, serving
from services.directory.access import ACCESS, SERVICE
from services.directory.adapters.sql import SqlDirectoryStore
from services.directory.calls import Calls
from services.directory.housekeeping import Housekeeping
from services.directory.relaying import relaying
from services.directory.servicer import DirectoryServicer
from services.directory.settings import DirectorySettings

MIGRATIONS = Path(__file__).parent / "migrations"
"""Where the tables' versions stand."""


@dataclass(frozen=True, slots=True)
class RunningDirectory:
    """The service while it runs: `port` serves gRPC, `ops_port` operators; the dicts go by target ("hub", "local")."""

    port: int
    ops_port: int | None
    database: Database
    relays: dict[str, OutboxRelay]
    connections: dict[str, NatsConnection]
    health: Health


@asynccontextmanager
async def running(settings: DirectorySettings, *, clock: Clock = utc_now) -> AsyncIterator[RunningDirectory]:
    """Run the whole service; leaving stops it in reverse order.

    Reverse order is the point: the server finishes its calls while the relays can still publish, and the relays stop
    while the database is still there. Raises StartupError, WrongDatabaseVersion, DATABASE_UNAVAILABLE.
    """
    secret = page_token_secret(settings.page_token_secret_file)
    async with AsyncExitStack() as stack:
        await migrations.upgrade(settings.directory_database_url, MIGRATIONS, "directory")
        database = await stack.enter_async_context(connect_database(settings.directory_database_url))
        store = SqlDirectoryStore(database, settings.epoch)
        house = Housekeeping(store, clock, timedelta(days=settings.answer_days), settings.housekeeping_seconds)
        await stack.enter_async_context(house.running())
        relays = await stack.enter_async_context(relaying(settings, database, clock, partial(_head, store)))
        health, registry, ops_port = Health(), CollectorRegistry(), None
        await stack.enter_async_context(OutboxGauges(database, registry, clock, (HUB, LOCAL)).running())
        if settings.ops_address is not None:
            pages = serving_ops(parse_address(settings.ops_address), registry, [health.problems])
            ops_port = await stack.enter_async_context(pages)
        tokens = PageTokens(secret, clock, timedelta(hours=settings.page_token_hours))
        calls = Calls(store, RegionId(settings.region), clock, new_record_id, tokens)
        port = await stack.enter_async_context(_serving(settings, calls, database, clock, health, registry))
        yield RunningDirectory(port, ops_port, database, relays.relays, relays.connections, health)


async def run(settings: DirectorySettings) -> None:
    """Run the service until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(settings):
        await stop.wait()


def _serving(
    settings: DirectorySettings,
    calls: Calls,
    database: Database,
    clock: Clock,
    health: Health,
    registry: CollectorRegistry,
) -> AbstractAsyncContextManager[int]:
    add = add_DirectoryServiceServicer_to_server
    return serving(
        settings.server,
        RegionId(settings.region),
        [Registration(SERVICE, add, DirectoryServicer(calls), ACCESS)],
        clock=clock,
        health=health,
        checks={"database": partial(_answers, database)},
        metrics=CallMetrics(registry),
    )


async def _head(store: SqlDirectoryStore) -> NodeHead:
    """Say what readers should hold of this region; epoch and high mark are the relay's to fill in."""
    return NodeHead(live_records=await store.live_records())


async def _answers(database: Database) -> bool:
    await database.ping()
    return True
