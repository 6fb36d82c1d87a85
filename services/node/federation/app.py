"""Composes the federation service of a node; lives in the node's process, because it speaks for all of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version

from lotse.federation.v1.federation_service_pb2_grpc import add_FederationServiceServicer_to_server
from services.common.clock import Clock
from services.common.messaging.members_file import MembersFile
from services.common.names import RegionId
from services.common.paging import PageTokens
from services.common.rpc.server import Registration, ServerSettings, serving
from services.node.federation.ports import Hearing, Outbox, Parked
from services.node.federation.servicer import ACCESS, SERVICE, FederationServicer

TOKEN_LIFETIME = timedelta(hours=1)


@asynccontextmanager
async def running(
    server: ServerSettings,
    region: RegionId,
    services: tuple[str, ...],
    members: MembersFile,
    outbox: Outbox,
    parked: Parked,
    hearing: Hearing,
    secret: bytes,
    clock: Clock,
) -> AsyncIterator[int]:
    """Serve and yield the port; leaving stops it in order."""
    tokens = PageTokens(secret, clock, TOKEN_LIFETIME)
    servicer = FederationServicer(region, software_version(), services, members, outbox, parked, hearing, tokens)
    registration = Registration(SERVICE, add_FederationServiceServicer_to_server, servicer, ACCESS)
    async with serving(server, region, [registration], clock=clock) as port:
        yield port


def software_version() -> str:
    """Give the version of the installed distribution; "0" when it runs from a bare checkout."""
    try:
        return version("lotse")
    except PackageNotFoundError:
        return "0"
