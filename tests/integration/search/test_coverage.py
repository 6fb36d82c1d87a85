"""Every answer says which regions are not fresh."""

from datetime import datetime, timedelta

import pytest

from lotse.search.v1 import search_pb2, search_service_pb2
from services.search.domain.coverage import ReaderFacts
from tests.integration.search.offers import START, entry, head, message, raw_message, tombstone
from tests.integration.search.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _states(world: World) -> dict[str, str]:
    answer = await world.servicer.GetCoverage(search_service_pb2.GetCoverageRequest(), None)
    prefix = "COVERAGE_STATE_"
    return {one.region: search_pb2.CoverageState.Name(one.state).removeprefix(prefix) for one in answer.regions}


async def test_regions_never_heard_are_named_in_every_answer(world: World) -> None:
    await world.apply(head("dresden", START, offers=0))
    await world.freshness.refresh()
    answer = await world.search("")
    assert [(one.region, one.state) for one in answer.coverage] == [
        ("chemnitz", search_pb2.COVERAGE_STATE_NEVER_HEARD),
        ("leipzig", search_pb2.COVERAGE_STATE_NEVER_HEARD),
    ]


async def test_a_region_turns_stale_three_minutes_after_its_last_sign_of_life(world: World) -> None:
    await world.apply(head("dresden", START, offers=0))
    world.clock.now = START + timedelta(minutes=3)
    assert (await _states(world))["dresden"] == "FRESH"
    world.clock.now += timedelta(seconds=1)
    assert (await _states(world))["dresden"] == "STALE"


async def test_a_head_that_lay_at_the_hub_is_as_old_as_it_is(world: World) -> None:
    await world.apply(head("dresden", START - timedelta(days=1), offers=0))
    assert (await _states(world))["dresden"] == "STALE"


async def test_a_head_from_a_fast_clock_is_never_younger_than_its_reading(world: World) -> None:
    await world.apply(head("dresden", START + timedelta(days=1), offers=0))
    world.clock.now = START + timedelta(minutes=4)
    assert (await _states(world))["dresden"] == "STALE"


async def test_an_old_head_that_comes_late_changes_nothing(world: World) -> None:
    await world.apply(head("dresden", START, offers=0, revision=2))
    await world.apply(head("dresden", START - timedelta(hours=1), offers=5, revision=1))
    assert (await _states(world))["dresden"] == "FRESH"


async def test_a_region_that_says_it_has_more_than_is_here_is_not_complete(world: World) -> None:
    await world.apply(message(entry("a")), head("dresden", START, offers=2))
    assert (await _states(world))["dresden"] == "CATCHING_UP"
    await world.apply(message(entry("b")))
    assert (await _states(world))["dresden"] == "FRESH"
    await world.apply(tombstone("b", 2))
    assert (await _states(world))["dresden"] == "CATCHING_UP"


async def test_waiting_messages_and_paused_regions_are_told(world: World) -> None:
    await world.apply(head("dresden", START, offers=0), head("leipzig", START, offers=0))
    world.reading.now = ReaderFacts(messages_wait=True, paused_regions=frozenset({"leipzig"}))
    assert await _states(world) == {"chemnitz": "NEVER_HEARD", "dresden": "CATCHING_UP", "leipzig": "PAUSED"}


async def test_the_own_region_is_fresh_without_the_hub_while_its_own_broker_is_read(world: World) -> None:
    await world.apply(message(entry("a")))
    assert (await _states(world))["dresden"] == "STALE"
    world.reading.now = ReaderFacts(heard_directly={"dresden": START})
    assert (await _states(world))["dresden"] == "FRESH"


async def test_regions_that_left_are_not_spoken_of(world: World) -> None:
    world.regions.left.add("leipzig")
    assert set(await _states(world)) == {"chemnitz", "dresden"}


async def test_a_region_is_told_with_its_figures(world: World) -> None:
    broken = raw_message("dresden", "offer", "broken", b"\xff", 1)
    unfit = await world.apply(message(entry("a")), head("dresden", START, offers=1), broken)
    await world.store.park(unfit, world.clock())
    answer = await world.servicer.GetCoverage(search_service_pb2.GetCoverageRequest(), None)
    dresden = next(one for one in answer.regions if one.region == "dresden")
    assert (dresden.display_name, dresden.offers, dresden.offers_at_owner, dresden.parked_messages) == (
        "Welcome Center dresden",
        1,
        1,
        1,
    )
    times = (dresden.last_head_time, dresden.last_change_time)
    assert {stamp.ToDatetime() for stamp in times} == {_naive(START)}
    leipzig = next(one for one in answer.regions if one.region == "leipzig")
    assert not leipzig.HasField("offers_at_owner")
    assert not leipzig.HasField("last_head_time")


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
