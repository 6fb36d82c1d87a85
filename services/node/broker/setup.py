"""Guarantees that a broker has the streams and durables it needs, however often it is asked; deletes nothing."""

import asyncio
from collections.abc import Iterable, Mapping

import structlog

from services.common.messaging.connection import NatsConnection
from services.common.messaging.streams import (
    CATALOG_STREAM,
    MAIL_STREAM,
    NODE_STREAM,
    ensure_reader,
    ensure_streams,
)
from services.common.messaging.subjects import CATALOG, CATALOG_FILTER, MAIL, NODE, NODE_FILTER, mail_filter
from services.common.names import RegionId
from services.node.broker.hub import HUB_MAIL, SEARCH

log = structlog.get_logger(__name__)

_CONNECT_SECONDS = 30.0


async def hub_init(connection: NatsConnection, regions: Iterable[RegionId]) -> None:
    """Set up CATALOG and MAIL with the durables of search, hub and each region, as the hub's admin user.

    Raises TimeoutError when the hub does not answer within 30 s.
    """
    await asyncio.wait_for(connection.until_connected(), _CONNECT_SECONDS)
    jetstream = connection.jetstream
    await ensure_streams(jetstream, (CATALOG_STREAM, MAIL_STREAM))
    members = sorted(set(regions))
    for name in (SEARCH, *members):
        await ensure_reader(jetstream, CATALOG, name, CATALOG_FILTER)
    for name in (HUB_MAIL, *members):
        await ensure_reader(jetstream, MAIL, name, mail_filter(name))
    log.info("hub.prepared", regions=len(members))


async def node_init(connection: NatsConnection, readers: Mapping[str, str]) -> None:
    """Set up NODE on a region's own broker, and a durable per reading service: service → subjects it reads.

    E.g. {"notify": "node.referral.>"}; NODE_FILTER is everything. Raises TimeoutError as `hub_init`.
    """
    await asyncio.wait_for(connection.until_connected(), _CONNECT_SECONDS)
    jetstream = connection.jetstream
    await ensure_streams(jetstream, (NODE_STREAM,))
    for service, subjects in sorted(readers.items()):
        await ensure_reader(jetstream, NODE, service, subjects or NODE_FILTER)
    log.info("broker.prepared", readers=len(readers))
