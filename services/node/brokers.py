"""Runs a node's own broker, and beside the state node the hub: configuration written anew, streams made ready."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from services.common.crypto.keys import public_nkey
from services.common.messaging.connection import NatsSettings, connect_nats
from services.common.messaging.members import Members
from services.common.messaging.subjects import NODE_FILTER
from services.common.names import RegionId
from services.node.broker.hub import HubConfig
from services.node.broker.region import SERVICES, RegionConfig
from services.node.broker.setup import hub_init, node_init
from services.node.layout import NodeLayout
from services.node.servers.nats import NatsProcess, running_nats
from services.node.servers.ports import free_port
from services.node.settings import NodeSettings
from services.node.supervision import Supervised

REFERRAL_CHANGES = "node.referral.>"
"""What notify hears of its node."""


@asynccontextmanager
async def running_broker(layout: NodeLayout, settings: NodeSettings) -> AsyncIterator[NatsProcess]:
    """Run the region's own broker with its NODE stream and the search's durable."""
    port = settings.ports.broker or free_port()
    config = RegionConfig(
        region=settings.region,
        port=port,
        store_dir=layout.server("broker") / "store",
        admin_nkey=public_nkey(layout.broker_nkey("admin")),
        services={service: public_nkey(layout.broker_nkey(service)) for service in SERVICES},
    )
    async with _running(layout, "broker", port, config.render()) as server:
        admin = NatsSettings(f"nats://127.0.0.1:{port}", f"{settings.region} admin", layout.broker_nkey("admin"))
        async with connect_nats(admin) as connection:
            await node_init(connection, {"search": NODE_FILTER, "notify": REFERRAL_CHANGES})
        yield server


@asynccontextmanager
async def running_hub(layout: NodeLayout, settings: NodeSettings, members: Members) -> AsyncIterator[NatsProcess]:
    """Run the hub with a user and durables for each active member."""
    port = settings.ports.hub or free_port()
    regions = member_nkeys(members)
    config = HubConfig(
        port=port,
        store_dir=layout.server("hub") / "store",
        system_nkey=public_nkey(layout.hub_user_nkey("sys")),
        admin_nkey=public_nkey(layout.hub_user_nkey("admin")),
        search_nkey=public_nkey(layout.hub_user_nkey("search")),
        regions=regions,
    )
    async with _running(layout, "hub", port, config.render()) as server:
        admin = NatsSettings(f"nats://127.0.0.1:{port}", "hub admin", layout.hub_user_nkey("admin"))
        async with connect_nats(admin) as connection:
            await hub_init(connection, regions)
        yield server


def member_nkeys(members: Members) -> Mapping[RegionId, str]:
    """Give the public nkey of each active member."""
    active = (members.get(region) for region in members.regions() if members.active(region))
    return {RegionId(member.region): member.nkey for member in active if member is not None}


@asynccontextmanager
async def _running(layout: NodeLayout, name: str, port: int, config: str) -> AsyncIterator[NatsProcess]:
    path = write_config(layout.server(name), config)
    server = Supervised(name, lambda: running_nats(path, port=port, log_path=layout.log(name)))
    async with server.running() as process:
        yield process


def write_config(folder: Path, config: str) -> Path:
    """Write a broker's configuration, closed to others: it says who may do what."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "nats.conf"
    path.touch(mode=0o600)
    path.write_text(config)
    return path
