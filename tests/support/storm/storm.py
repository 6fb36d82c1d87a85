"""One storm: editors in two regions write while everything is killed; then all heals, and all copies are compared."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lotse.directory.v1.directory_service_pb2_grpc import DirectoryServiceStub
from lotse.search.v1 import search_service_pb2
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.names import RegionId
from services.common.rpc.client import RpcError
from tests.support.processes import until
from tests.support.storm.cast import EDITING, SEARCHING
from tests.support.storm.checker import check
from tests.support.storm.editors import Editor, Shelf
from tests.support.storm.history import History, Place, Result, Sighting
from tests.support.storm.kills import kill_by_plan, plan_kills
from tests.support.storm.quiet import become_quiet, evidence_of, replay_everything
from tests.support.storm.readers import get_offer, place_of
from tests.support.storm.report import StormReport
from tests.support.storm.stage import Stage

if TYPE_CHECKING:  # the generated code knows them in its .pyi only
    from lotse.search.v1.search_service_pb2_grpc import SearchServiceAsyncStub

WATCH_SECONDS = 0.1
EDIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Weather:
    """How hard a storm is."""

    seed: int
    seconds: float = 15.0
    least_writes: int = 200
    """Editors go on after the last kill until so many are acknowledged: a slow machine must not show less."""
    kills: int = 12
    editors: int = 3
    """In each region."""
    partners: int = 3
    offers: int = 25
    """At most, in each region: few, so that each is changed often and by several."""


async def run_storm(stage: Stage, weather: Weather, folder: Path) -> StormReport:
    """Play one storm; the history lies in `folder` afterwards. Raises AssertionError when it does not become quiet."""
    history = History(folder / f"storm-{weather.seed}.jsonl")
    draw = random.Random(weather.seed)
    try:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(_watching(stage, history, random.Random(draw.getrandbits(64))))
            async with _editing(stage, weather, history, draw):
                plan = plan_kills(draw, list(stage.parts), weather.kills, weather.seconds)
                killed = await kill_by_plan(plan, stage.parts, history)
                await until(partial(_enough, history, weather), "editors got enough done", EDIT_SECONDS)
            heal_started = time.perf_counter()
            await become_quiet(stage, note=lambda what: history.note("waiting", left=what))
            heal_seconds = time.perf_counter() - heal_started
            # Old messages that come late, after everything else, must change nothing.
            await replay_everything(stage)
            await become_quiet(stage)
        findings = check(await evidence_of(stage, history))
    finally:
        history.close()
    return StormReport(weather.seed, history.calls(), killed, heal_seconds, findings)


async def _enough(history: History, weather: Weather) -> bool:
    return sum(call.outcome.result is Result.OK for call in history.calls()) >= weather.least_writes


@asynccontextmanager
async def _editing(stage: Stage, weather: Weather, history: History, draw: random.Random) -> AsyncIterator[None]:
    """Have editors work in all regions for the length of the block; it ends when their last writes have."""
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        editors = [
            editor for region in EDITING for editor in await _editors(stack, stage, region, weather, history, draw)
        ]
        async with asyncio.TaskGroup() as work:
            for editor in editors:
                work.create_task(editor.work(stop))
            try:
                yield
            finally:
                stop.set()


async def _editors(
    stack: AsyncExitStack, stage: Stage, region: RegionId, weather: Weather, history: History, draw: random.Random
) -> Sequence[Editor]:
    """Make the editors of one region, each with a connection of its own, and the partners they write about."""
    shelf = Shelf(region, weather.offers)
    editors = []
    for number in range(weather.editors):
        stub = DirectoryServiceStub(await stack.enter_async_context(stage.directory(region).channel()))
        tag = f"s{weather.seed}{region[0]}{number}"
        editors.append(Editor(stub, history, shelf, random.Random(draw.getrandbits(64)), tag))
    for number in range(weather.partners):
        await editors[0].create_partner(f"s{weather.seed}-p{number}")
    return editors


@asynccontextmanager
async def _watching(stage: Stage, history: History, draw: random.Random) -> AsyncIterator[None]:
    """Look at all searches all the time, and note every version they show."""
    async with AsyncExitStack() as stack:
        tasks = []
        for region in SEARCHING:
            stub = SearchServiceStub(await stack.enter_async_context(stage.search(region).channel()))
            tasks.append(asyncio.create_task(_watch(stub, region, history, random.Random(draw.getrandbits(64)))))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _watch(stub: "SearchServiceAsyncStub", name: str, history: History, draw: random.Random) -> None:
    known: dict[Place, None] = {}  # in the order of their first sight, so that the draw can be played again
    while True:
        with suppress(RpcError):  # a search that is down shows nothing
            found = await stub.SearchOffers(search_service_pb2.SearchOffersRequest(page_size=50))
            for hit in found.hits:
                known[place_of(hit.name)] = None
                history.see(Sighting(f"{name} SearchOffers", place_of(hit.name), hit.entry.offer.revision))
            for place in draw.sample(list(known), min(5, len(known))):
                entry = await get_offer(stub, place)
                history.see(Sighting(f"{name} GetOffer", place, entry.offer.revision if entry else None))
        await asyncio.sleep(WATCH_SECONDS)
