"""Counters are recommended through the search API, with what is missing, and a state-wide contact comes last."""

from pathlib import Path
from typing import Any

import pytest

from lotse.directory.v1 import offer_pb2
from lotse.referral.v1 import case_pb2
from services.referral.settings import SearchSettings
from tests.integration.referral.people import case, consent
from tests.integration.referral.searching import CannedSearch, entry, needing, searching
from tests.integration.referral.world import DRESDEN, LEIPZIG, Node, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

ADVICE = "regions/leipzig/offers/anerkennung"
MEASURE = "regions/leipzig/offers/anpassung"
HOTLINE = "regions/sachsen/offers/hotline"
OWN = "regions/dresden/offers/beratung"
STATEWIDE: dict[str, Any] = {"scope": offer_pb2.OFFER_SCOPE_SAXONY, "kind": offer_pb2.OFFER_KIND_HOTLINE}


def offers() -> CannedSearch:
    return CannedSearch(
        [
            entry(MEASURE, "adaptation", prerequisites=[needing("recognition")]),
            entry(ADVICE, "recognition"),
            entry(OWN, "adaptation", district="14612"),
            entry(HOTLINE, **STATEWIDE),
        ],
        concept="adaptation",
    )


async def taken_in(node: Node, **fields: Any) -> case_pb2.Case:
    given = {"district_code": "14713", "topics": ["adaptation"], "facts": []} | fields
    made: case_pb2.Case = (await node.call("CreateCase", parent="regions/dresden", case=case(**given))).case
    await node.call("GrantConsent", name=made.name, consent=consent())
    return made


async def recommended(node: Node, made: case_pb2.Case, **fields: Any) -> list[Any]:
    return list((await node.call("RecommendTargets", name=made.name, **fields)).candidates)


async def test_the_missing_step_is_named_with_places_that_give_it(tmp_path: Path) -> None:
    async with searching(offers(), tmp_path) as search, World(tmp_path).node(DRESDEN, hub=None, search=search) as node:
        made = await taken_in(node)
        measure, hotline = await recommended(node, made)
        assert (measure.entry.offer.name, measure.referable, measure.fallback) == (MEASURE, True, False)
        (step,) = measure.obstacles
        assert (step.topic, step.label, step.hard, list(step.offers)) == ("recognition", "Recognition", True, [ADVICE])
        assert (hotline.entry.offer.name, hotline.fallback, hotline.referable) == (HOTLINE, True, False)
        assert "Zuständig für den Wohnort." in measure.reasons
        english = await recommended(node, made, language_code="en")
        assert "Serves the place where the person lives." in english[0].reasons
        only = await recommended(node, made, excluded_offers=[MEASURE])
        assert [one.entry.offer.name for one in only] == [HOTLINE]


async def test_topics_are_read_out_of_the_words_where_staff_has_set_none(tmp_path: Path) -> None:
    canned = offers()
    async with searching(canned, tmp_path) as search, World(tmp_path).node(DRESDEN, hub=None, search=search) as node:
        made = await taken_in(node, topics=[], district_code="14612")
        first, *_ = await recommended(node, made)
        assert (first.entry.offer.name, first.referable) == (OWN, False)  # one's own region needs no referral
        asked = canned.asked[0]
        assert (asked.text, asked.caller_district_code) == (made.intake_text, "14612")


async def test_what_an_offer_requires_is_checked_at_submit_and_at_accept(tmp_path: Path) -> None:
    async with searching(offers(), tmp_path) as search:
        world = World(tmp_path)
        async with world.hub(), world.node(DRESDEN, search=search) as dresden:
            made = await taken_in(dresden)
            asked = {"parent": "regions/dresden", "case": made.name, "offer": MEASURE}
            referral = (await dresden.call("CreateReferral", **asked)).referral
            submit = {"name": referral.name, "expected_version": 1}
            refused = await dresden.staff.refused("SubmitReferral", **submit)
            assert (refused.reason, refused.metadata) == ("PREREQUISITE_MISSING", {"topic": "recognition"})
            fact = case_pb2.Fact(kind="recognition", value="started")
            known = (await dresden.call("GetCase", name=made.name)).case
            known.facts.append(fact)
            known = (await dresden.call("UpdateCase", case=known)).case
            assert (await dresden.staff.refused("SubmitReferral", **submit)).reason == "PREREQUISITE_MISSING"
            known.facts[0].value = "decided"
            await dresden.call("UpdateCase", case=known)
            await dresden.call("SubmitReferral", **submit)
            await accept_checks_too(world, referral, search)


async def accept_checks_too(world: World, referral: Any, search: SearchSettings) -> None:
    stricter = CannedSearch([entry(MEASURE, "adaptation", prerequisites=[needing("language-course")])])
    async with searching(stricter, world.folder) as own, world.node(LEIPZIG, search=own) as leipzig:
        there = await leipzig.until_state(referral, 3)
        refused = await leipzig.staff.refused("AcceptReferral", name=there.name, expected_version=there.version)
        assert (refused.reason, refused.metadata["topic"]) == ("PREREQUISITE_MISSING", "language-course")


async def test_an_offer_that_is_not_public_is_refused_and_a_silent_search_hinders_no_referral(tmp_path: Path) -> None:
    paused = entry(ADVICE, "recognition", state=offer_pb2.OFFER_STATE_PAUSED)
    async with searching(CannedSearch([paused]), tmp_path) as search:
        world = World(tmp_path)
        async with world.node(DRESDEN, hub=None, search=search) as node:
            made = await taken_in(node)
            asked = {"parent": "regions/dresden", "case": made.name, "offer": ADVICE}
            assert (await node.staff.refused("CreateReferral", **asked)).reason == "REFERENCE_NOT_FOUND"
    gone = search.model_copy(update={"address": "127.0.0.1:9"})
    async with world.node(DRESDEN, hub=None, search=gone) as node:
        assert (await node.staff.refused("RecommendTargets", name=made.name)).reason == "SEARCH_ENGINE_UNAVAILABLE"
        referral = (await node.call("CreateReferral", **asked)).referral
        await node.call("SubmitReferral", name=referral.name, expected_version=1)
