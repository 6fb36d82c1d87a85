"""Pages follow the first page's order, whatever happens to the index meanwhile."""

from datetime import timedelta
from typing import Any

import pytest

from lotse.search.v1 import search_pb2
from services.common.errors import CorrectTheRequest
from tests.integration.search.offers import entry, message, tombstone
from tests.integration.search.world import World, ids

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _publish(world: World, count: int) -> None:
    await world.apply(*(message(entry(f"o{number:03}", "Deutschkurs " * (number % 7 + 1))) for number in range(count)))


async def test_pages_follow_each_other_without_repeats_or_holes(world: World) -> None:
    await _publish(world, 23)
    whole = await world.search("Deutschkurs", page_size=50)
    first = await world.search("Deutschkurs", page_size=10)
    second = await world.search("Deutschkurs", page_size=10, page_token=first.next_page_token)
    third = await world.search("Deutschkurs", page_size=10, page_token=second.next_page_token)
    assert ids(first) + ids(second) + ids(third) == ids(whole)
    assert third.next_page_token == whole.next_page_token == ""
    assert (first.total_size, second.total_size, third.total_size) == (23, 23, 23)


async def test_pages_keep_their_order_while_offers_change_come_and_go(world: World) -> None:
    await _publish(world, 20)
    whole = ids(await world.search("Deutschkurs", page_size=20))
    first = await world.search("Deutschkurs", page_size=5)
    gone, ended, renamed = whole[7], whole[8], whole[9]
    await world.apply(
        tombstone(gone, 2),
        message(entry(ended, "Deutschkurs", state="OFFER_STATE_ENDED"), 2),
        message(entry(renamed, "Nähen"), 2),
        message(entry(whole[0], "Deutschkurs " * 9), 2),
        *(message(entry(f"new{number}", "Deutschkurs " * 7)) for number in range(10)),
    )
    second = await world.search("Deutschkurs", page_size=5, page_token=first.next_page_token)
    third = await world.search("Deutschkurs", page_size=10, page_token=second.next_page_token)
    assert ids(first) + ids(second) + ids(third) == [one for one in whole if one not in {gone, ended}]
    changed = next(hit for hit in second.hits if hit.name.endswith(renamed))
    assert changed.entry.offer.texts[0].title == "Nähen"


async def test_filters_are_checked_again_on_later_pages(world: World) -> None:
    await _publish(world, 6)
    narrowed = search_pb2.OfferFilter(regions=["dresden"])
    first = await world.search("Deutschkurs", page_size=3, filter=narrowed)
    world.regions.left.add("dresden")
    second = await world.search("Deutschkurs", page_size=3, filter=narrowed, page_token=first.next_page_token)
    assert ids(second) == []


async def test_at_most_the_two_hundred_best_can_be_paged_through(world: World) -> None:
    await _publish(world, 230)
    seen: list[str] = []
    token = ""
    while True:
        page = await world.search("Deutschkurs", page_size=50, page_token=token)
        seen += ids(page)
        token = page.next_page_token
        assert len(token) <= 16_384
        if not token:
            break
    assert len(seen) == len(set(seen)) == 200
    assert page.total_size == 230


@pytest.mark.parametrize("change", ["text", "filter", "district", "language", "forged", "cut", "late"])
async def test_a_token_is_good_for_the_same_question_and_ten_minutes_only(world: World, change: str) -> None:
    await _publish(world, 4)
    asked: dict[str, Any] = {"text": "Deutschkurs", "page_size": 2}
    token = (await world.search(**asked)).next_page_token
    swapped = token[:20] + ("A" if token[20] != "A" else "B") + token[21:]
    changes: dict[str, dict[str, Any]] = {
        "text": {"text": "Deutschkurse"},
        "filter": {"filter": search_pb2.OfferFilter(regions=["dresden"])},
        "district": {"caller_district_code": "14612"},
        "language": {"language_code": "uk"},
        "forged": {"page_token": swapped},
        "cut": {"page_token": token[:-9]},
        "late": {},
    }
    if change == "late":
        world.clock.now += timedelta(minutes=10, seconds=1)
    with pytest.raises(CorrectTheRequest) as refused:
        await world.search(**{**asked, "page_token": token, **changes[change]})
    assert refused.value.reason == "PAGE_TOKEN_INVALID"


async def test_only_the_first_page_has_facets(world: World) -> None:
    await _publish(world, 4)
    facets = [search_pb2.FACET_FIELD_KIND]
    first = await world.search("Deutschkurs", page_size=2, facets=facets)
    second = await world.search("Deutschkurs", page_size=2, facets=facets, page_token=first.next_page_token)
    assert len(first.facets) == 1
    assert len(second.facets) == 0
