"""Rebuilds what a node's search knows from outside its process, with the node's own settings."""

import asyncio
import time

from services.common.clock import utc_now
from services.common.messaging.connection import NatsSettings, connect_nats
from services.common.messaging.streams import reset_reader
from services.common.messaging.subjects import CATALOG, NODE
from services.node.layout import NodeLayout
from services.node.parts import NodeParts
from services.node.settings import NodeSettings
from services.search import app as search_app

CONNECT_SECONDS = 10.0


async def rebuild_index(layout: NodeLayout, settings: NodeSettings, engine: str) -> tuple[int, float]:
    """Rebuild beside the running service; gives the number of documents and the seconds it took.

    Raises what `services.search.app.reindex` raises.
    """
    started = time.perf_counter()
    rebuilt = await search_app.reindex(NodeParts(layout, settings, "", None, utc_now).search(engine))
    return rebuilt.records, time.perf_counter() - started


async def reread_streams(layout: NodeLayout, settings: NodeSettings) -> list[str]:
    """Have hub and own broker deliver everything once more to the running search; gives the streams' names.

    Harmless at any time: what the search holds already is dropped. Raises TimeoutError when a broker is away.
    """
    addresses = layout.read_addresses()
    hub = addresses.get("hub", settings.hub_url)
    search = NodeParts(layout, settings, addresses["broker"], hub, utc_now).search(addresses["engine"])
    reread = []
    for stream, broker in ((CATALOG, search.hub), (NODE, search.own_broker)):
        if broker is None:
            continue
        way = NatsSettings(broker.url, f"{settings.region} reread", broker.nkey_seed_file, broker.inbox_prefix)
        async with connect_nats(way) as connection, asyncio.timeout(CONNECT_SECONDS):
            await connection.until_connected()
            await reset_reader(connection, stream, broker.durable)
        reread.append(stream)
    return reread
