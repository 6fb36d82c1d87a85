"""Free places: filter, counts and order."""

from typing import Any

import pytest

from lotse.search.v1 import search_pb2
from tests.integration.search.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

CAPACITIES: dict[str, Any] = {
    "full": {"places_total": 8},
    "waiting": {"places_total": 8, "waiting_list": True},
    "free": {"places_total": 8, "places_free": 1, "waiting_list": True},
    "unstated": None,
}


async def publish_all(world: World) -> None:
    for record_id, capacity in CAPACITIES.items():
        await world.publish(record_id, "Deutschkurs", **({"capacity": capacity} if capacity else {}))


async def test_the_filter_keeps_only_what_says_that_a_place_is_free(world: World) -> None:
    await publish_all(world)
    narrowed = search_pb2.OfferFilter(only_with_free_places=True)
    assert await world.found("Deutschkurs", filter=narrowed) == ["free"]
    assert await world.found("", filter=narrowed) == ["free"]


async def test_open_stands_above_a_waiting_list_and_that_above_full(world: World) -> None:
    await publish_all(world)
    assert await world.found("Deutschkurs") == ["free", "unstated", "waiting", "full"]


async def test_free_places_are_counted_with_names_for_people(world: World) -> None:
    await publish_all(world)
    answer = await world.search("Deutschkurs", facets=[search_pb2.FACET_FIELD_FREE_PLACES])
    (facet,) = answer.facets
    assert {one.value: (one.label, one.count) for one in facet.values} == {
        "free": ("Plätze frei", 1),
        "waiting_list": ("voll, mit Warteliste", 1),
        "full": ("voll", 1),
        "not_stated": ("keine Angabe zu Plätzen", 1),
    }


async def test_all_seven_fields_may_be_counted_at_once(world: World) -> None:
    await publish_all(world)
    answer = await world.search("Deutschkurs", facets=list(range(1, 8)))
    assert [facet.field for facet in answer.facets] == list(range(1, 8))
