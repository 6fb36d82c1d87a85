"""Owns a desk in each region and each search: an editor with its stub, ready to write and to look."""

import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lotse.directory.v1.directory_service_pb2_grpc import DirectoryServiceStub
from lotse.directory.v1.offer_pb2 import Offer
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.names import RegionId
from tests.support.storm.cast import EDITING, SEARCHING
from tests.support.storm.editors import Editor, Shelf
from tests.support.storm.history import History, Outcome, Place, Result
from tests.support.storm.stage import Stage

if TYPE_CHECKING:  # the generated code knows them in its .pyi only
    from lotse.search.v1.search_service_pb2_grpc import SearchServiceAsyncStub


@dataclass(frozen=True)
class Desk:
    """One editor of each region and one client of each search; `tag` begins every id, so that tests do not meet."""

    tag: str
    history: History
    editors: Mapping[RegionId, Editor]
    searches: Mapping[RegionId, "SearchServiceAsyncStub"]

    async def publish_new(self, region: RegionId, number: int = 1) -> tuple[Place, Offer]:
        """Create an offer and make it public."""
        place = region, "offer", f"{self.tag}-{number}"
        editor = self.editors[region]
        done(await editor.create_offer(place[2]))
        done(await editor.take_step(await editor.read_offer(place), place, "publish"))
        return place, await editor.read_offer(place)


def done(outcome: Outcome) -> Outcome:
    """Expect that a write was acknowledged."""
    assert outcome.result is Result.OK, outcome
    return outcome


@asynccontextmanager
async def at_desk(stage: Stage, tag: str, folder: Path) -> AsyncIterator[Desk]:
    """Sit down; each region has one partner, with the tag as its id."""
    history = History(folder / f"{tag}.jsonl")
    editors, searches = {}, {}
    try:
        async with AsyncExitStack() as stack:
            for region in EDITING:
                channel = await stack.enter_async_context(stage.directory(region).channel())
                shelf, draw = Shelf(region, most_offers=0), random.Random(f"{tag}{region}")
                editors[region] = Editor(DirectoryServiceStub(channel), history, shelf, draw, f"{tag}{region[0]}")
                done(await editors[region].create_partner(tag))
            for region in SEARCHING:
                channel = await stack.enter_async_context(stage.search(region).channel())
                searches[region] = SearchServiceStub(channel)
            yield Desk(tag, history, editors, searches)
    finally:
        history.close()
