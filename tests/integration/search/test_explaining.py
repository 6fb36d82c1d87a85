"""Why one offer is shown or not: place, rules, what would fit instead, and which step must come first."""

from datetime import timedelta
from typing import Any

import pytest
from google.type.latlng_pb2 import LatLng

from lotse.search.v1 import explain_pb2, search_pb2
from services.common.errors import CheckTheName
from tests.integration.search.offers import START, entry, message, text, tombstone
from tests.integration.search.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

NEEDS_RECOGNITION = [
    {
        "topic": "recognition",
        "state": "PREREQUISITE_STATE_DECIDED",
        "hard": True,
        "evidence": "Bescheid der Anerkennungsstelle",
    }
]


async def explain(world: World, record_id: str, **fields: Any) -> explain_pb2.ExplainOfferResponse:
    name = f"regions/dresden/offers/{record_id}"
    return await world.servicer.ExplainOffer(explain_pb2.ExplainOfferRequest(name=name, **fields), None)


def outcomes(answer: explain_pb2.ExplainOfferResponse) -> dict[str, str]:
    return {
        explain_pb2.Rule.Name(one.rule).removeprefix("RULE_"): explain_pb2.RuleOutcome.Name(one.outcome).removeprefix(
            "RULE_OUTCOME_"
        )
        for one in answer.rules
    }


def ids(offers: Any) -> list[str]:
    return [one.name.rsplit("/", 1)[1] for one in offers]


async def test_an_offer_that_is_shown_has_the_place_that_the_search_gives_it(world: World) -> None:
    await world.publish("first", "Anerkennungsberatung", topics=["recognition"])
    await world.publish("second", "Anerkennungsberatung", topics=["recognition"], capacity={"places_total": 5})
    await world.publish("other", "Wohnungssuche", topics=["housing"])
    question: dict[str, Any] = {"text": "визнання диплома", "language_code": "uk", "caller_district_code": "14612"}
    found = await world.found(**question)
    for place, record_id in enumerate(found, start=1):
        answer = await explain(world, record_id, **question)
        assert (answer.shown, answer.place, list(answer.why_not)) == (True, place, [])
    answer = await explain(world, "first", **question)
    assert outcomes(answer)["TOPIC"] == outcomes(answer)["PLACE"] == "RAISES"
    assert answer.why[0].kind == search_pb2.WHY_KIND_TOPIC
    assert answer.title == "Anerkennungsberatung"
    assert list(answer.nearest) == []
    other = await explain(world, "other", **question)
    assert (other.shown, other.place) == (False, 0)
    assert {outcomes(other)[rule] for rule in ("TOPIC", "WORDS")} == {"FAILED"}
    assert ids(other.nearest) == found[:3]


async def test_every_rule_is_told_once_and_in_order_whatever_was_asked(world: World) -> None:
    await world.publish("a")
    for fields in ({}, {"text": "xyzzy"}, {"text": "😀"}, {"filter": search_pb2.OfferFilter(regions=["leipzig"])}):
        answer = await explain(world, "a", **fields)
        assert [one.rule for one in answer.rules] == list(range(1, 15))
        assert all(one.text and one.outcome for one in answer.rules)
        assert answer.shown == (not answer.why_not)


async def test_an_offer_below_the_200_best_says_so(world: World) -> None:
    await world.apply(*(message(entry(f"n{number}", "Deutschkurs")) for number in range(201)))
    await world.publish("full", "Deutschkurs", capacity={"places_total": 1})
    answer = await explain(world, "full", text="Deutschkurs")
    assert (answer.shown, answer.place) == (False, 0)
    assert "200" in answer.why_not[0]
    assert "FAILED" not in outcomes(answer).values()


FILTERS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "regions": (["leipzig"], {"region": "leipzig"}, "REGION"),
    "topics": (["recognition"], {"topics": ["recognition"]}, "TOPIC"),
    "audiences": (["AUDIENCE_COMPANY"], {"audiences": ["AUDIENCE_COMPANY"]}, "AUDIENCE"),
    "formats": (["OFFER_FORMAT_VIDEO"], {"formats": ["OFFER_FORMAT_VIDEO"]}, "FORMAT"),
    "kinds": (["OFFER_KIND_FUNDING"], {"kind": "OFFER_KIND_FUNDING"}, "KIND"),
    "district_codes": (["14713"], {"catchment": {"district_codes": ["14713"]}}, "PLACE"),
    "consultation_languages": (
        ["zh"],
        {"consultation_languages": [{"language_code": "zh-Hant", "mode": "LANGUAGE_MODE_INTERPRETED"}]},
        "CONSULTATION_LANGUAGE",
    ),
    "free_of_charge": (True, {"cost": {"kind": "COST_KIND_FREE"}}, "COST"),
    "only_with_free_places": (True, {"capacity": {"places_total": 9, "places_free": 2}}, "FREE_PLACES"),
    "circle": (
        search_pb2.Circle(center=LatLng(latitude=51.3, longitude=12.4), radius_km=20),
        {"site": {"location": {"latitude": 51.34, "longitude": 12.37}}},
        "CIRCLE",
    ),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_the_filter_that_keeps_an_offer_out_is_named_and_what_passes_is_near(world: World, name: str) -> None:
    value, changes, rule = FILTERS[name]
    await world.publish("other", "Deutschkurs")
    await world.publish("wanted", "Deutschkurs", **changes)
    wanted: Any = {name: value}
    question: dict[str, Any] = {"text": "Deutschkurs", "filter": search_pb2.OfferFilter(**wanted)}
    kept_out = await explain(world, "other", **question)
    assert [found for found, outcome in outcomes(kept_out).items() if outcome == "FAILED"] == [rule]
    assert len(kept_out.why_not) == 1
    assert ids(kept_out.nearest) == await world.found(**question) == ["wanted"]
    assert kept_out.nearest[0].title == "Deutschkurs"
    if name != "regions":
        shown = await explain(world, "wanted", **question)
        assert shown.shown
        assert outcomes(shown)[rule] in {"PASSED", "RAISES"}


@pytest.mark.parametrize(
    ("changes", "rule", "sentence"),
    [
        ({"state": "OFFER_STATE_PAUSED"}, "PUBLISHED", "pausiert"),
        ({"state": "OFFER_STATE_ENDED"}, "PUBLISHED", "beendet"),
        ({"valid_from": {"year": 2026, "month": 12, "day": 1}}, "VALID_TODAY", "1. Dezember 2026"),
        ({"valid_until": {"year": 2026, "month": 11, "day": 1}}, "VALID_TODAY", "1. November 2026"),
    ],
)
async def test_what_is_not_public_today_says_so(world: World, changes: Any, rule: str, sentence: str) -> None:
    await world.publish("a", "Deutschkurs", **changes)
    await world.publish("b", "Deutschkurs")
    answer = await explain(world, "a", text="Deutschkurs")
    assert outcomes(answer)[rule] == "FAILED"
    assert sentence in answer.why_not[0]
    assert ids(answer.nearest) == ["b"]


async def test_sentences_come_in_the_callers_language_else_in_english(world: World) -> None:
    await world.publish("a", texts=[text("Beratung"), text("استشارة", language="ar")])
    narrowed = search_pb2.OfferFilter(consultation_languages=["uk"])
    said = {}
    for language in ("de", "en", "uk", "ar", "pl"):
        answer = await explain(world, "a", language_code=language, filter=narrowed)
        said[language] = answer.why_not[0]
        assert answer.title == ("استشارة" if language == "ar" else "Beratung")
    assert said["pl"] == said["en"]
    assert len(set(said.values())) == 4


async def test_the_step_that_must_come_first_is_named_with_the_counters_that_do_it(world: World) -> None:
    needing: dict[str, Any] = {"topics": ["qualification-measure", "recognition"], "prerequisites": NEEDS_RECOGNITION}
    await world.publish("measure", "Anpassungsqualifizierung", **needing)
    await world.publish("measure-two", "Anpassungsqualifizierung", **needing)
    await world.publish("far", "Anerkennungsberatung", topics=["recognition"], catchment={"district_codes": ["14713"]})
    await world.publish("near", "Anerkennungsberatung", topics=["recognition"])
    (step,) = (await explain(world, "measure", text="Anpassungslehrgang", caller_district_code="14612")).missing_steps
    assert (step.topic, step.hard, step.evidence) == ("recognition", True, "Bescheid der Anerkennungsstelle")
    assert ids(step.counters) == ["near", "far"]
    assert step.label in step.text
    assert "Diese Stellen helfen dabei" in step.text


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ({"text": "Anpassungslehrgang"}, 1),
        ({"text": "Anpassungslehrgang, mein Diplom ist teilweise anerkannt"}, 0),
        ({"text": "Anpassungslehrgang, mein Diplom ist nicht teilweise anerkannt"}, 1),
        ({"text": "Anerkennung beantragt, welcher Lehrgang"}, 1),
        ({"text": "часткове визнання, курс"}, 0),
        ({"completed_topics": ["recognition"]}, 0),
        ({"completed_topics": ["housing"]}, 1),
    ],
)
async def test_a_step_that_is_shown_to_be_taken_is_not_missing(world: World, question: Any, left: int) -> None:
    await world.publish("measure", "Anpassungslehrgang", prerequisites=NEEDS_RECOGNITION)
    answer = await explain(world, "measure", **question)
    assert len(answer.missing_steps) == left
    assert all(not step.counters and "nicht bekannt" in step.text for step in answer.missing_steps)


async def test_a_required_offer_is_named_by_its_title(world: World) -> None:
    await world.publish("first", "Erstberatung")
    required = {"offer": "regions/dresden/offers/first", "state": "PREREQUISITE_STATE_STARTED"}
    gone = {"offer": "regions/dresden/offers/gone", "state": "PREREQUISITE_STATE_STARTED"}
    await world.publish("second", "Kurs", prerequisites=[required, gone])
    known, unknown = (await explain(world, "second")).missing_steps
    assert (known.label, ids(known.counters)) == ("Erstberatung", ["first"])
    assert (unknown.label, ids(unknown.counters)) == ("regions/dresden/offers/gone", [])


async def test_an_unknown_and_a_deleted_offer_are_not_found(world: World) -> None:
    await world.publish("a")
    await world.apply(tombstone("a", 2))
    for record_id in ("a", "never"):
        with pytest.raises(CheckTheName, match="RESOURCE_NOT_FOUND"):
            await explain(world, record_id)


async def test_an_offer_of_a_region_that_left_is_explained_without_a_word_of_it(world: World) -> None:
    await world.publish("a", "Deutschkurs", prerequisites=NEEDS_RECOGNITION)
    world.regions.left.add("dresden")
    answer = await explain(world, "a", text="Deutschkurs")
    assert outcomes(answer)["REGION"] == "FAILED"
    assert (answer.title, list(answer.missing_steps), answer.shown) == ("", [], False)


async def test_an_overdue_offer_is_told_to_stand_lower(world: World) -> None:
    await world.publish("a", "Deutschkurs", review_due_date={"year": 2026, "month": 11, "day": 2})
    assert outcomes(await explain(world, "a", text="Deutschkurs"))["FRESHNESS"] == "RAISES"
    world.clock.now = START + timedelta(days=1)
    answer = await explain(world, "a", text="Deutschkurs")
    assert (answer.shown, outcomes(answer)["FRESHNESS"]) == (True, "LOWERS")
