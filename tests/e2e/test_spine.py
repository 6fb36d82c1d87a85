"""The spine: a change in a region is searchable state-wide, over a real hub, brokers, OpenSearch and both databases."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from lotse.directory.v1.directory_events_pb2 import OfferEntry
from services.common.names import RegionId
from tests.support.storm.cast import EDITING, SEARCHING
from tests.support.storm.checker import check
from tests.support.storm.desk import Desk, at_desk, done
from tests.support.storm.quiet import become_quiet, evidence_of
from tests.support.storm.records import marker_of
from tests.support.storm.report import TABLES, percentile, table
from tests.support.storm.searchable import Lookout, at_revision, is_gone, until_found
from tests.support.storm.stage import Stage

pytest_plugins = ("tests.support.storm.fixtures",)
pytestmark = pytest.mark.asyncio(loop_scope="session")

WRITERS, CHANGES = 3, 10
"""Measured: writers of each region, changes of each writer."""

Measured = dict[tuple[RegionId, RegionId], list[float]]
"""Seconds from save to searchable, by region that changed and region that searches."""


@pytest.mark.parametrize("region", EDITING)
async def test_each_step_of_an_offer_shows_in_every_search(stage: Stage, region: RegionId, tmp_path: Path) -> None:
    async with at_desk(stage, f"steps{region[0]}", tmp_path) as desk:
        editor = desk.editors[region]
        place, public = await desk.publish_new(region)
        for search in desk.searches.values():
            await until_found(search, place, at_revision(public.revision))

        changed = done(await editor.update_offer(public, place)).revision
        title = (await editor.read_offer(place)).texts[0].title
        for search in desk.searches.values():
            await until_found(search, place, at_revision(changed), text=marker_of(title))

        done(await editor.take_step(await editor.read_offer(place), place, "pause"))
        for search in desk.searches.values():
            await until_found(search, place, is_gone)

        back = done(await editor.take_step(await editor.read_offer(place), place, "publish")).revision
        for search in desk.searches.values():
            await until_found(search, place, at_revision(back))


@pytest.mark.parametrize("region", EDITING)
async def test_a_partners_new_name_shows_on_all_its_offers(stage: Stage, region: RegionId, tmp_path: Path) -> None:
    async with at_desk(stage, f"fan{region[0]}", tmp_path) as desk:
        places = [(await desk.publish_new(region, number))[0] for number in range(4)]
        done(await desk.editors[region].update_partner(desk.tag))
        name = (await desk.editors[region].read_partner(desk.tag)).display_name

        def shows_it(entry: OfferEntry | None) -> bool:
            return entry is not None and entry.partner.display_name == name

        for search in desk.searches.values():
            for place in places:
                await until_found(search, place, shows_it)


async def test_changes_are_measured_from_save_to_searchable(stage: Stage, tmp_path: Path) -> None:
    seconds: Measured = {(region, search): [] for region in EDITING for search in SEARCHING}
    async with at_desk(stage, "measured", tmp_path) as desk, asyncio.TaskGroup() as looking:
        lookouts = {search: Lookout(stub) for search, stub in desk.searches.items()}
        eyes = [looking.create_task(lookout.look()) for lookout in lookouts.values()]
        writers = [(region, number) for region in EDITING for number in range(WRITERS)]
        await asyncio.gather(*(_measure(desk, lookouts, *writer, seconds) for writer in writers))
        for task in eyes:
            task.cancel()
    TABLES.extend(table([_row(*way, taken) for way, taken in seconds.items()]))


async def test_all_copies_equal_what_the_owners_hold(stage: Stage) -> None:
    await become_quiet(stage)
    assert check(await evidence_of(stage)) == []


async def _measure(
    desk: Desk, lookouts: Mapping[RegionId, Lookout], region: RegionId, number: int, seconds: Measured
) -> None:
    """Change an offer again and again; each time wait until every search shows it. The save itself counts."""
    editor = desk.editors[region]
    place, offer = await desk.publish_new(region, number)
    for _ in range(CHANGES):
        outcome = done(await editor.update_offer(offer, place))
        shown = await asyncio.gather(*(lookouts[search].until_seen(place, outcome.revision) for search in SEARCHING))
        for search, more in zip(SEARCHING, shown, strict=True):
            seconds[region, search].append(outcome.seconds + more)
        offer = await editor.read_offer(place)


def _row(region: RegionId, search: RegionId, seconds: Sequence[float]) -> dict[str, object]:
    return {
        "change → searchable": f"{region} at {search}",
        "changes": len(seconds),
        "p50 ms": round(percentile(seconds, 0.5) * 1000),
        "p99 ms": round(percentile(seconds, 0.99) * 1000),
        "max ms": round(max(seconds) * 1000),
    }
