"""How a question was understood and how each hit got its score: on the real engine, the parts add up to the score."""

from typing import Any

import pytest
import structlog

from lotse.search.v1 import search_pb2, search_service_pb2
from tests.integration.search.offers import text
from tests.integration.search.world import World, ids

pytestmark = pytest.mark.asyncio(loop_scope="session")

FACTS = {"district", "state-wide", "audience", "confirmed", "free places"}
TEXTS = {"words typed", "compounds", "german words"}

LEIPZIG = search_pb2.OfferFilter(regions=["leipzig"])
QUESTIONS: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "topic only": ("визнання диплома", {}, {"topic recognition", "german words", "confirmed", "free places"}),
    "words only": ("Zwirbelkontor", {}, {"words typed", "confirmed", "free places"}),
    "topic and words": ("Anerkennung Berufsabschlüsse", {}, {"topic recognition", *TEXTS}),
    "two topics": ("Anerkennung und Deutschkurs", {}, {"topic recognition", "topic german-course", "words typed"}),
    "caller's district": ("визнання диплома", {"caller_district_code": "14612"}, {"topic recognition", "district"}),
    "named district": ("Anerkennung in Leipzig", {}, {"topic recognition", "state-wide"}),
    "employer": ("Wir sind eine Firma und suchen Pflegekräfte aus dem Ausland", {}, {"audience", "compounds"}),
    "compound": ("Berufsabschlussanerkennung", {}, {"compounds"}),
    "misspelt": ("Deutschkurs Zwirbelkntor", {"filter": LEIPZIG}, {"topic german-course", "words typed"}),
    "no text": ("", {"caller_district_code": "14713"}, {"district", "state-wide"}),
    "filtered": ("Deutschkurs", {"filter": search_pb2.OfferFilter(regions=["dresden"])}, {"topic german-course"}),
}


async def fill(world: World) -> None:
    company: dict[str, Any] = {"audiences": ["AUDIENCE_COMPANY"], "scope": "OFFER_SCOPE_SAXONY", "catchment": None}
    leipzig: dict[str, Any] = {"catchment": {"district_codes": ["14713"]}}
    both = ["recognition", "german-course"]
    await world.publish("r", "Anerkennung ausländischer Berufsabschlüsse", topics=["recognition"])
    await world.publish("d", "Deutschkurs für Pflegekräfte", topics=["german-course"], **leipzig)
    await world.publish("b", "Anerkennungsberatung und Deutschkurs", topics=both, capacity={"places_total": 9})
    await world.publish("c", "Fachkräfte aus dem Ausland für Unternehmen", topics=["recognition"], **company)
    await world.publish("m", "Deutschkurs Zwirbelkontor", topics=["german-course"], region="leipzig")
    overdue: dict[str, Any] = {"review_due_date": {"year": 2026, "month": 11, "day": 1}}
    summaries = [text("Sprechstunde", "Deutschkurs am Zwirbelkontor", "Hilfe bei der Anerkennung")]
    await world.publish("z", "", topics=["housing"], partner="Zwirbelkontor Neustadt", texts=summaries, **overdue)


def assert_adds_up(answer: search_service_pb2.SearchOffersResponse) -> None:
    assert answer.hits
    for hit in answer.hits:
        added = sum(part.score for part in hit.score_parts)
        assert added == pytest.approx(hit.score, rel=1e-5, abs=1e-5), (hit.name, hit.score_parts)
        names = [part.name for part in hit.score_parts]
        assert len(set(names)) == len(names)
        assert all(name in FACTS | TEXTS or name.startswith("topic ") for name in names), names
        assert all(part.score > 0 for part in hit.score_parts)


@pytest.mark.parametrize("kind", QUESTIONS)
async def test_the_parts_of_a_score_add_up_to_it(world: World, kind: str) -> None:
    question, fields, expected = QUESTIONS[kind]
    await fill(world)
    answer = await world.search(question, explain=True, **fields)
    assert_adds_up(answer)
    assert expected <= {part.name for hit in answer.hits for part in hit.score_parts}


@pytest.mark.parametrize("kind", QUESTIONS)
async def test_asking_for_reasons_changes_neither_hits_nor_scores(world: World, kind: str) -> None:
    question, fields, _ = QUESTIONS[kind]
    await fill(world)
    plain, explained = await world.search(question, **fields), await world.search(question, explain=True, **fields)
    for hit in explained.hits:
        hit.ClearField("score_parts")
    explained.understanding.ClearField("steps")
    assert explained == plain
    assert not plain.understanding.steps


async def test_every_page_says_how_its_hits_got_their_scores(world: World) -> None:
    await fill(world)
    first = await world.search("Anerkennung und Deutschkurs", page_size=2, explain=True)
    second = await world.search(
        "Anerkennung und Deutschkurs", page_size=2, explain=True, page_token=first.next_page_token
    )
    assert not set(ids(first)) & set(ids(second))
    assert_adds_up(first)
    assert_adds_up(second)


async def test_steps_tell_what_was_understood_and_what_is_looked_for(world: World) -> None:
    await fill(world)
    answer = await world.search("Anerkennung in Leipzig", language_code="en", explain=True)
    steps = {step.name: step.found for step in answer.understanding.steps}
    assert steps["Folded"] == "anerkennung in leipzig"
    assert steps["Words that matter"] == "anerkennung in"
    assert steps["Places"] == "Leipzig (14713)"
    assert steps["Language and how sure"].startswith("de ")
    assert "recognition" in steps["Nearest topics and how sure"]
    assert steps["Topics looked for"].startswith("recognition ")
    assert "anerkennung" in steps["German words looked for"]


async def test_steps_tell_who_speaks_and_what_else_was_tried(world: World) -> None:
    await fill(world)

    async def told(question: str, **fields: Any) -> dict[str, str]:
        answer = await world.search(question, language_code="en", explain=True, **fields)
        return {step.name: step.found for step in answer.understanding.steps}

    assert (await told("Wir sind eine Firma und suchen Pflegekräfte"))["Audience"] == "Companies"
    assert (await told("Deutschkurs Zwirbelkntor", filter=LEIPZIG))["Also misspelt"] == "deutschkurs zwirbelkntor"
    assert (await told("Keramikzwerg Raumstation"))["Looked for, all together"] == "Keramikzwerg Raumstation"
    assert (await told("ghbpyfybt lbgkjvf"))["Read as"] == "признание диплома"


async def test_an_explained_question_without_words_finds_and_tells_nothing_of_it(world: World) -> None:
    await fill(world)
    answer = await world.search("?!", explain=True)
    assert not answer.hits
    assert answer.understanding.steps


async def test_nothing_of_an_explanation_is_logged(world: World) -> None:
    await fill(world)
    with structlog.testing.capture_logs() as written:
        answer = await world.search("Deutschkurs Kanarienwort", explain=True)
    assert any("kanarienwort" in step.found for step in answer.understanding.steps)
    assert "kanarienwort" not in str(written).lower()
