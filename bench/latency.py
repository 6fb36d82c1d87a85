"""Measures how long a change takes from its save to the hub and into the search, on a real federation of two nodes.

One region changes one offer again and again, one change at a time; the state node's search is asked until it shows the
new title. Both nodes, both brokers, the hub and OpenSearch are processes of their own, as in the demo. The peer of the
last figure is the engine's refresh interval: a change waits half of it on average, whatever else happens.
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from lotse.directory.v1 import offer_pb2, offer_requests_pb2
from lotse.directory.v1.directory_service_pb2_grpc import DirectoryServiceStub
from lotse.search.v1 import search_service_pb2
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.clock import utc_now
from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.common.messaging.streams import newest_message
from services.common.messaging.subjects import CATALOG, catalog_subject
from services.common.names import RegionId
from services.node.demo.cast import STATE, cast
from services.node.demo.stage import Actor, running_nodes
from services.node.demo.story import OFFER_ID, OFFER_REGION
from services.node.importing import import_directory
from services.node.initialise import create_federation
from services.node.seed import load_seed, seed_path

WARM_UP = 5
LEAST_CHANGES = 100
"""Fewer show only that it runs: they have no p99."""
POLL_SECONDS = 0.02
"""Pause between two questions: one search costs about as much, so the machine is half idle; also the resolution."""
PATIENCE_SECONDS = 60.0

Actors = dict[RegionId, Actor]


@dataclass(slots=True)
class _Times:
    """Milliseconds, one for each change."""

    save: list[float] = field(default_factory=list)
    hub: list[float] = field(default_factory=list)
    searchable: list[float] = field(default_factory=list)


async def run(changes: int) -> dict[str, Any]:
    """Measure so many changes; a few before them only warm up."""
    with tempfile.TemporaryDirectory(prefix="lotse-bench-") as name:
        # The demo's nodes; a result that counts is of OpenSearch as it runs in earnest.
        quick = changes < LEAST_CHANGES
        nodes = [settings.model_copy(update={"engine_quick": quick}) for settings in cast(2)]
        async with running_nodes(create_federation(Path(name), nodes, utc_now)) as actors:
            times = await _measure(actors, changes)
        return {
            "changes": changes,
            "engine_quick": quick,
            "refresh_interval_ms": nodes[0].refresh_milliseconds,
            "poll_ms": POLL_SECONDS * 1e3,
            "save": _summary(times.save),
            "saved_to_hub": _summary(times.hub),
            "saved_to_searchable": _summary(times.searchable),
        }


async def _measure(actors: Actors, changes: int) -> _Times:
    async with _desk(actors) as desk:
        await desk.fill()
        for number in range(WARM_UP):
            await desk.change(f"Aufwärmen {number}")
        desk.times = _Times()
        for number in range(changes):
            await desk.change(f"Messung {number}")
        return desk.times


class _Desk:
    """Changes the offer at its owner and looks for it at the hub and in the search."""

    def __init__(self, directory: Any, search: Any, hub: NatsConnection) -> None:
        self._directory = directory
        self._search = search
        self._hub = hub
        self._name = f"regions/{OFFER_REGION}/offers/{OFFER_ID}"
        self.times = _Times()

    async def fill(self) -> None:
        """Bring the region's starting data in."""
        seed = load_seed(seed_path(OFFER_REGION), OFFER_REGION)
        report = await import_directory(self._directory, OFFER_REGION, seed, publish=True)
        if report.refused:
            raise RuntimeError("; ".join(report.refused))

    async def change(self, title: str) -> None:
        """Change the title and wait until the search shows it."""
        offer = (await self._directory.GetOffer(offer_requests_pb2.GetOfferRequest(name=self._name))).offer
        offer.texts[0].title = title
        request = offer_requests_pb2.UpdateOfferRequest(offer=offer, update_mask=FieldMask(paths=["texts"]))
        started = time.perf_counter()
        changed = (await self._directory.UpdateOffer(request)).offer
        saved = time.perf_counter()
        self.times.save.append((saved - started) * 1e3)
        await self._until_found(title)
        self.times.searchable.append((time.perf_counter() - saved) * 1e3)
        self.times.hub.append(await self._hub_milliseconds(changed))

    async def _until_found(self, title: str) -> None:
        request = search_service_pb2.SearchOffersRequest(text=title, page_size=5)
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while time.perf_counter() < deadline:
            hits = (await self._search.SearchOffers(request)).hits
            if any(hit.name == self._name and hit.entry.offer.texts[0].title == title for hit in hits):
                return
            await asyncio.sleep(POLL_SECONDS)
        raise TimeoutError(f"not searchable within {PATIENCE_SECONDS:.0f} s")

    async def _hub_milliseconds(self, offer: offer_pb2.Offer) -> float:
        """Give the time from the save to the hub's own time stamp: one machine, one clock."""
        message = await newest_message(self._hub, CATALOG, catalog_subject(OFFER_REGION, "offer", OFFER_ID))
        if message is None:
            raise RuntimeError("searchable without having passed the hub")
        return (message.time.timestamp() - offer.update_time.ToMicroseconds() / 1e6) * 1e3


@asynccontextmanager
async def _desk(actors: Actors) -> AsyncIterator[_Desk]:
    state = actors[STATE]
    hub = NatsSettings(state.addresses["hub"], "bench", state.layout.hub_user_nkey("admin"))
    async with AsyncExitStack() as stack:
        directory = await stack.enter_async_context(actors[OFFER_REGION].target("directory", "editor").channel())
        search = await stack.enter_async_context(state.target("search", "hotline").channel())
        connection = await stack.enter_async_context(connect_nats(hub))
        await connection.until_connected()
        yield _Desk(DirectoryServiceStub(directory), SearchServiceStub(search), connection)


def _summary(milliseconds: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return {"p50_ms": round(cuts[49], 1), "p99_ms": round(cuts[98], 1), "max_ms": round(max(milliseconds), 1)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(200)), indent=1))
