"""Composes one node in one process: brokers and search engine as children, all services in one event loop.

Order: own broker, hub, engine, then the services; leaving goes the way back, so that every service can finish what it
has begun while the servers under it are still there.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from services.common.clock import Clock, utc_now
from services.directory import app as directory_app
from services.node.brokers import running_broker, running_hub
from services.node.casework import notify_settings, referral_settings
from services.node.federation import app as federation_app
from services.node.federation.adapters import DatabaseOutbox, NodeParked, SearchHearing
from services.node.federation.ports import ParkedSource
from services.node.install.home import opensearch_home
from services.node.install.opensearch_lock import LOCK_FILE, read_lock
from services.node.layout import NodeLayout
from services.node.members import known_members
from services.node.parts import NodeParts
from services.node.servers.opensearch import OpenSearchProcess, running_opensearch
from services.node.servers.ports import LOOPBACK, free_port
from services.node.settings import NodeSettings
from services.node.supervision import Supervised
from services.notify import app as notify_app
from services.referral import app as referral_app
from services.search import app as search_app

__all__ = ["NodeParts", "running_node"]


@asynccontextmanager
async def running_node(
    layout: NodeLayout, settings: NodeSettings, *, clock: Clock = utc_now
) -> AsyncIterator[Mapping[str, str]]:
    """Run a whole node and yield where its parts answer, by name.

    Raises StartupError, KeyFileError or ServerStartError when something is not right.
    """
    members = known_members(layout)
    addresses: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(running_broker(layout, settings))
        addresses["broker"] = broker.url
        hub_url = settings.hub_url
        if settings.state_node:
            hub = await stack.enter_async_context(running_hub(layout, settings, members))
            addresses["hub"] = hub_url = hub.url
        parts = NodeParts(layout, settings, broker.url, hub_url, clock)
        sources: dict[str, ParkedSource] = {}
        directory: directory_app.RunningDirectory | None = None
        search: search_app.RunningSearch | None = None
        if "directory" in settings.services:
            directory = await stack.enter_async_context(directory_app.running(parts.directory(), clock=clock))
            addresses["directory"] = f"{LOOPBACK}:{directory.port}"
            addresses["directory-ops"] = f"http://{LOOPBACK}:{directory.ops_port}"
        if "search" in settings.services:
            addresses["engine"] = settings.engine_url or await _engine(stack, layout, settings)
            search = await stack.enter_async_context(search_app.running(parts.search(addresses["engine"]), clock=clock))
            sources["search"] = search.parked
            addresses["search"] = f"{LOOPBACK}:{search.port}"
            addresses["search-ops"] = f"http://{LOOPBACK}:{search.ops_port}"
        if "referral" in settings.services:
            counters = settings.search_address or addresses.get("search")
            referral = await stack.enter_async_context(
                referral_app.running(referral_settings(parts, counters), clock=clock)
            )
            sources["referral"] = referral.parked
            addresses["referral"] = f"{LOOPBACK}:{referral.port}"
            addresses["referral-ops"] = f"http://{LOOPBACK}:{referral.ops_port}"
        if "notify" in settings.services:
            notify = await stack.enter_async_context(notify_app.running(notify_settings(parts), clock=clock))
            sources["notify"] = notify.parked
            addresses["notify"] = f"{LOOPBACK}:{notify.port}"
            addresses["notify-ops"] = f"http://{LOOPBACK}:{notify.ops_port}"
        if "federation" in settings.services:
            parked = NodeParked(sources)
            port = await stack.enter_async_context(_federation(parts, directory, search, parked))
            addresses["federation"] = f"{LOOPBACK}:{port}"
        yield addresses


def _federation(
    parts: NodeParts,
    directory: directory_app.RunningDirectory | None,
    search: search_app.RunningSearch | None,
    parked: NodeParked,
) -> AbstractAsyncContextManager[int]:
    """Compose the service that speaks for the node as a whole."""
    token = parts.layout.cli_token("operator").read_text().strip()
    return federation_app.running(
        parts.server(parts.settings.ports.federation),
        parts.settings.region,
        parts.settings.services,
        parts.members(),
        DatabaseOutbox(directory.database if directory else None),
        parked,
        SearchHearing(f"{LOOPBACK}:{search.port}" if search else None, token),
        parts.layout.page_token_secret.read_bytes(),
        parts.clock,
    )


async def _engine(stack: AsyncExitStack, layout: NodeLayout, settings: NodeSettings) -> str:
    """Start the node's own OpenSearch, under supervision, and give its address."""
    home, base = opensearch_home(read_lock(LOCK_FILE)), layout.server("engine")
    port = settings.ports.engine or free_port()
    base.mkdir(parents=True, exist_ok=True)

    def start() -> AbstractAsyncContextManager[OpenSearchProcess]:
        return running_opensearch(home, base, port=port, heap=settings.engine_heap, quick=settings.engine_quick)

    return (await stack.enter_async_context(Supervised("engine", start).running())).url
