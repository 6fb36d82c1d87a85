"""Type-ahead: concepts, places and partners beside each other, in any script, with the engine away too."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from lotse.search.v1 import search_service_pb2
from services.common.ids import new_record_id
from services.node.servers.ports import free_port
from services.search.adapters.engine import connect_engine
from services.search.adapters.generations import OpenSearchGenerations
from services.search.adapters.opensearch import OpenSearchOfferIndex
from services.search.servicer import SearchServicer
from tests.integration.search.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def suggest(
    world: World, prefix: str, language: str = "de", most: int = 0
) -> search_service_pb2.SuggestConceptsResponse:
    request = search_service_pb2.SuggestConceptsRequest(prefix=prefix, language_code=language, max_results=most)
    return await world.servicer.SuggestConcepts(request, None)


async def warm(world: World, typed: str) -> None:
    """Ask until the engine gives its first partner: a cold one on a busy machine takes longer than who types waits."""
    deadline = time.monotonic() + 20
    while not (await suggest(world, typed)).partners:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_a_partner_is_suggested_once_however_many_offers_it_has(world: World) -> None:
    await world.publish("a", partner="Zwirbelkontor Neustadt")
    await world.publish("b", partner="Haus der Hilfe")
    await world.publish("b2", partner="Haus der Hilfe", region="leipzig")
    await warm(world, "zwirb")
    (partner,) = (await suggest(world, "zwirb")).partners
    assert (partner.name, partner.display_name, partner.region) == (
        "regions/dresden/partners/p-a",
        "Zwirbelkontor Neustadt",
        "dresden",
    )
    assert [one.region for one in (await suggest(world, "haus der hi")).partners] == ["dresden", "leipzig"]
    assert [one.region for one in (await suggest(world, "haus der hi", most=1)).partners] == ["dresden"]
    assert not (await suggest(world, "haus der zw")).partners
    world.regions.left.add("leipzig")
    assert [one.region for one in (await suggest(world, "haus")).partners] == ["dresden"]


async def test_a_partner_in_arabic_letters_is_found_by_its_beginning(world: World) -> None:
    await world.publish("a", partner="بيت المساعدة")
    await warm(world, "بيت")
    assert [one.display_name for one in (await suggest(world, "بيت الم", "ar")).partners] == ["بيت المساعدة"]


async def test_a_partner_without_a_shown_offer_is_not_suggested(world: World) -> None:
    await world.publish("a", partner="Zwirbelkontor", state="OFFER_STATE_PAUSED")
    assert not (await suggest(world, "zwirb")).partners


@pytest.mark.parametrize("prefix", ["*", "(", "\\", "a AND (", "😀", "\u202e", "%%%%", "-" * 100])
async def test_a_hostile_prefix_suggests_no_partner_and_breaks_nothing(world: World, prefix: str) -> None:
    await world.publish("a", partner="Zwirbelkontor")
    assert not (await suggest(world, prefix)).partners


async def test_places_come_in_the_callers_script_with_their_districts(world: World) -> None:
    (place,) = (await suggest(world, "Dresd", "ar")).places
    assert (place.label, list(place.district_codes), place.german_label) == ("دريسدن", ["14612"], "Dresden")
    (place,) = (await suggest(world, "Лейпц", "uk")).places[:1]
    assert list(place.district_codes) == ["14713"]


async def test_concepts_and_places_still_come_while_the_engine_is_away(world: World) -> None:
    async with without_engine(world) as alone:
        answer = await suggest(alone, "Leip")
        assert [list(one.district_codes) for one in answer.places][:1] == [["14713"]]
        assert not answer.partners
        assert (await suggest(alone, "Anerk")).suggestions


@asynccontextmanager
async def without_engine(world: World) -> AsyncIterator[World]:
    """The same world, whose engine listens nowhere."""
    async with connect_engine(f"http://127.0.0.1:{free_port()}", 1) as nobody:
        generations = OpenSearchGenerations(nobody, "absent", 200, new_record_id)
        parts = replace(world.parts, index=OpenSearchOfferIndex(nobody, generations, lambda: None))
        yield replace(world, servicer=SearchServicer(parts))
