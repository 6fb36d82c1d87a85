"""The spine: a change in a region is searchable state-wide, over a real hub, brokers, OpenSearch and both databases."""

import asyncio
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
from tests.support.storm.searchable import at_revision, is_gone, until_found
from tests.support.storm.stage import Stage

pytest_plugins = ("tests.support.storm.fixtures",)
pytestmark = pytest.mark.asyncio(loop_scope="session")

CHANGES = 25
"""Measured changes of each region."""


@pytest.mark.parametrize("region", EDITING)
async def test_each_step_of_an_offer_shows_in_every_search(stage: Stage, region: RegionId, tmp_path: Path) -> None:
    async with at_desk(stage, f"steps-{region}", tmp_path) as desk:
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
    async with at_desk(stage, f"fan-{region}", tmp_path) as desk:
        places = [(await desk.publish_new(region, number))[0] for number in range(4)]
        done(await desk.editors[region].update_partner(desk.tag))
        name = (await desk.editors[region].read_partner(desk.tag)).display_name

        def shows_it(entry: OfferEntry | None) -> bool:
            return entry is not None and entry.partner.display_name == name

        for search in desk.searches.values():
            for place in places:
                await until_found(search, place, shows_it)


async def test_changes_are_measured_from_save_to_searchable(stage: Stage, tmp_path: Path) -> None:
    async with at_desk(stage, "measured", tmp_path) as desk:
        measured = await asyncio.gather(*(_measure(desk, region) for region in EDITING))
    rows = [
        {
            "change → searchable": f"{region} at {search}",
            "changes": len(seconds),
            "p50 ms": round(percentile(seconds, 0.5) * 1000),
            "p99 ms": round(percentile(seconds, 0.99) * 1000),
            "max ms": round(max(seconds) * 1000),
        }
        for region, by_search in zip(EDITING, measured, strict=True)
        for search, seconds in by_search.items()
    ]
    TABLES.extend(table(rows))


async def test_all_copies_equal_what_the_owners_hold(stage: Stage) -> None:
    await become_quiet(stage)
    assert check(await evidence_of(stage)) == []


async def _measure(desk: Desk, region: RegionId) -> dict[RegionId, list[float]]:
    """Change an offer again and again; each time wait until every search shows it. Seconds by search, save included."""
    editor = desk.editors[region]
    place, offer = await desk.publish_new(region)
    seconds: dict[RegionId, list[float]] = {search: [] for search in SEARCHING}
    for _ in range(CHANGES):
        outcome = done(await editor.update_offer(offer, place))
        shown = at_revision(outcome.revision)
        spent = await asyncio.gather(*(until_found(desk.searches[search], place, shown) for search in SEARCHING))
        for search, more in zip(SEARCHING, spent, strict=True):
            seconds[search].append(outcome.seconds + more)
        offer = await editor.read_offer(place)
    return seconds
