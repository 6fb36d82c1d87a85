"""Owns when a change counts as searchable: a search of all offers shows it, as a person at the hotline would see it."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from lotse.directory.v1.directory_events_pb2 import OfferEntry
from lotse.search.v1 import search_pb2, search_service_pb2
from services.common.rpc.client import RpcError
from tests.support.storm.history import Place
from tests.support.storm.readers import name_of

if TYPE_CHECKING:  # the generated code knows them in its .pyi only
    from lotse.search.v1.search_service_pb2_grpc import SearchServiceAsyncStub

SEARCHABLE_SECONDS = 60.0
"""How long a test waits; the goal of 2 s is measured and printed, and no test fails for a busy machine."""
POLL_SECONDS = 0.02


async def found_entry(stub: "SearchServiceAsyncStub", place: Place, text: str = "") -> OfferEntry | None:
    """Search the region's offers, newest first or by a text; None when this one is not among them."""
    request = search_service_pb2.SearchOffersRequest(
        text=text, filter=search_pb2.OfferFilter(regions=[place[0]]), page_size=50
    )
    found = await stub.SearchOffers(request)
    return next((hit.entry for hit in found.hits if hit.name == name_of(place)), None)


async def until_found(
    stub: "SearchServiceAsyncStub", place: Place, shows: Callable[[OfferEntry | None], bool], text: str = ""
) -> float:
    """Search until what is found of an offer is right; gives the seconds that it took. The search may be down."""
    started = time.perf_counter()
    while True:
        try:
            if shows(await found_entry(stub, place, text)):
                return time.perf_counter() - started
        except RpcError:
            await asyncio.sleep(0.1)
        assert time.perf_counter() - started < SEARCHABLE_SECONDS, f"{name_of(place)} is not found as it should be"
        await asyncio.sleep(POLL_SECONDS)


class Lookout:
    """Looks at the newest offers of one search again and again; one pair of eyes for all who wait."""

    def __init__(self, stub: "SearchServiceAsyncStub") -> None:
        self._stub = stub
        self._seen: dict[str, int] = {}
        self._looked = asyncio.Condition()

    async def look(self) -> None:
        """Search until cancelled."""
        while True:
            found = await self._stub.SearchOffers(search_service_pb2.SearchOffersRequest(page_size=20))
            async with self._looked:
                self._seen.update({hit.name: hit.entry.offer.revision for hit in found.hits})
                self._looked.notify_all()
            await asyncio.sleep(POLL_SECONDS)

    async def until_seen(self, place: Place, revision: int) -> float:
        """Wait until an offer is found at this revision or a later one; gives the seconds that it took."""
        started = time.perf_counter()
        async with asyncio.timeout(SEARCHABLE_SECONDS), self._looked:
            await self._looked.wait_for(lambda: self._seen.get(name_of(place), 0) >= revision)
        return time.perf_counter() - started


def at_revision(revision: int) -> Callable[[OfferEntry | None], bool]:
    """Expect an offer at this revision or a later one."""
    return lambda entry: entry is not None and entry.offer.revision >= revision


def is_gone(entry: OfferEntry | None) -> bool:
    """Expect no offer."""
    return entry is None
