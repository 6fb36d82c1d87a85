"""Whole nodes as processes of their own, as the demo starts them: on SQLite or on PostgreSQL databases."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from lotse.directory.v1.directory_service_pb2_grpc import DirectoryServiceStub
from lotse.search.v1.search_service_pb2 import SearchOffersRequest
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.clock import utc_now
from services.common.names import RegionId
from services.common.rpc.client import RpcError
from services.node.demo.cast import cast
from services.node.demo.stage import Actor, running_nodes
from services.node.importing import PATIENCE, ImportReport, import_directory
from services.node.initialise import create_federation
from services.node.seed import load_seed, seed_path
from services.node.settings import NodeSettings
from tests.support.processes import until

Databases = Mapping[str, str]
"""Database URLs by "<region>/<service>"; a missing one means SQLite in the node's folder."""


def with_databases(settings: NodeSettings, databases: Databases) -> NodeSettings:
    """Set the databases of a node."""
    return settings.model_copy(
        update={
            f"{service}_database_url": databases.get(f"{settings.region}/{service}")
            for service in ("directory", "search")
        }
    )


@asynccontextmanager
async def running_federation(
    base: Path, count: int, databases: Databases | None = None
) -> AsyncIterator[dict[RegionId, Actor]]:
    """Make and run the first `count` regions of the demo, without any records."""
    nodes = [with_databases(settings, databases or {}) for settings in cast(count)]
    async with running_nodes(create_federation(base, nodes, utc_now)) as actors:
        yield actors


async def import_seed(actor: Actor, region: str) -> ImportReport:
    """Bring a region's starting data into its node."""
    async with actor.target("directory", "editor").channel(PATIENCE) as channel:
        seed = load_seed(seed_path(region), region)
        return await import_directory(DirectoryServiceStub(channel), region, seed, publish=True)


async def until_searchable(state: Actor, offers: int) -> None:
    """Wait until the state node's search finds so many offers."""
    async with state.target("search", "hotline").channel() as channel:
        stub = SearchServiceStub(channel)

        async def found() -> bool:
            try:
                answer = await stub.SearchOffers(SearchOffersRequest(page_size=1), timeout=10)
            except RpcError:
                return False
            return answer.total_size >= offers

        await until(found, f"{offers} offers searchable", seconds=180)
