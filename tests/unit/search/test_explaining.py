"""The rules by which an offer is shown or not, each alone; and the sentences that say them."""

import string
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.names import RegionId
from services.search.adapters.queries import filters
from services.search.convert.entries import stored_document
from services.search.domain.distance import nearest_km
from services.search.domain.explaining import ExplainedOffer, Finding, Outcome, Rule, Sought, findings
from services.search.domain.labels import GERMAN
from services.search.domain.offers import AutomaticTopic, OfferDocument, OfferKey
from services.search.domain.questions import AskedConcept, Circle, OfferFilter, Question
from services.search.domain.steps import DECIDED, STARTED, Prerequisite, missing_steps
from services.search.sentences import load_sentences
from services.search.understanding.fold import fold, tokens_of
from services.search.understanding.steps import load_step_phrases
from tests.integration.search.offers import entry

TODAY = date(2026, 11, 2)
KEY = OfferKey(RegionId("dresden"), "a")
RECOGNITION = AskedConcept("recognition", 0.9, "Anerkennung")


def document(**changes: Any) -> OfferDocument:
    made = entry("a", topics=["housing"], consultation_languages=[{"language_code": "uk", "mode": 1}])
    return replace(stored_document(KEY, made.SerializeToString(), ()), **changes)


def judged(rule: Rule, question: Question, *, words: tuple[str, ...] = (), **changes: Any) -> Finding:
    found = findings(ExplainedOffer(document(**changes)), Sought(question, words))
    assert [one.rule for one in found] == list(Rule)
    return next(one for one in found if one.rule is rule)


def asking(**narrowed: Any) -> Question:
    return Question(TODAY, filter=OfferFilter(**narrowed))


ABOUT = Question(TODAY, "wort", "wort", concepts=(RECOGNITION,))
CASES: list[tuple[Rule, Question, dict[str, Any], Outcome, str]] = [
    (Rule.PUBLISHED, asking(), {}, Outcome.PASSED, "published.passed"),
    (Rule.PUBLISHED, asking(), {"state": "OFFER_STATE_DRAFT"}, Outcome.FAILED, "published.draft"),
    (Rule.PUBLISHED, asking(), {"state": "SOMETHING_NEW"}, Outcome.FAILED, "published.draft"),
    (Rule.VALID_TODAY, asking(), {"valid_from": TODAY, "valid_until": TODAY}, Outcome.PASSED, "valid.passed"),
    (Rule.VALID_TODAY, asking(), {"valid_from": TODAY + timedelta(1)}, Outcome.FAILED, "valid.not_yet"),
    (Rule.VALID_TODAY, asking(), {"valid_until": TODAY - timedelta(1)}, Outcome.FAILED, "valid.over"),
    (Rule.REGION, Question(TODAY, hidden_regions=(RegionId("dresden"),)), {}, Outcome.FAILED, "region.left"),
    (Rule.REGION, asking(regions=("leipzig",)), {}, Outcome.FAILED, "region.filtered"),
    (Rule.REGION, asking(regions=("dresden", "leipzig")), {}, Outcome.PASSED, "region.member"),
    (Rule.TOPIC, asking(), {}, Outcome.NOT_ASKED, "topic.not_asked"),
    (Rule.TOPIC, asking(topics=("tax",)), {}, Outcome.FAILED, "topic.filtered"),
    (Rule.TOPIC, asking(topics=("housing",)), {}, Outcome.PASSED, "topic.passed"),
    (Rule.TOPIC, ABOUT, {}, Outcome.FAILED, "topic.other"),
    (Rule.TOPIC, ABOUT, {"topics": ("recognition",)}, Outcome.RAISES, "topic.set"),
    (
        Rule.TOPIC,
        ABOUT,
        {"automatic_topics": (AutomaticTopic("recognition", 0.4),)},
        Outcome.RAISES,
        "topic.automatic",
    ),
    (Rule.TOPIC, replace(ABOUT, topics=(("housing", 0.5),)), {}, Outcome.RAISES, "topic.near"),
    (Rule.WORDS, replace(ABOUT, topics=(("housing", 0.5),)), {}, Outcome.LOWERS, "words.topic_instead"),
    (
        Rule.TOPIC,
        asking(topics=("recognition",)),
        {"automatic_topics": (AutomaticTopic("recognition", 0.4),)},
        Outcome.FAILED,
        "topic.filtered",
    ),
    (Rule.WORDS, asking(), {}, Outcome.NOT_ASKED, "words.not_asked"),
    (Rule.WORDS, ABOUT, {}, Outcome.FAILED, "words.missing"),
    (Rule.WORDS, replace(ABOUT, literal_only=True), {}, Outcome.FAILED, "words.missing_literal"),
    (Rule.WORDS, ABOUT, {"topics": ("recognition",)}, Outcome.LOWERS, "words.topic_instead"),
    (Rule.PLACE, asking(), {}, Outcome.NOT_ASKED, "place.not_asked"),
    (Rule.PLACE, Question(TODAY, districts=("14612",)), {}, Outcome.RAISES, "place.here"),
    (Rule.PLACE, Question(TODAY, districts=("14713",)), {}, Outcome.LOWERS, "place.elsewhere"),
    (Rule.PLACE, Question(TODAY, districts=("14",)), {}, Outcome.LOWERS, "place.part"),
    (Rule.PLACE, Question(TODAY, districts=("14",)), {"districts": ("09162",)}, Outcome.LOWERS, "place.elsewhere"),
    (Rule.PLACE, Question(TODAY, districts=("14",)), {"districts": ()}, Outcome.LOWERS, "place.unknown"),
    (
        Rule.PLACE,
        Question(TODAY, districts=("14",)),
        {"scope": "OFFER_SCOPE_SAXONY"},
        Outcome.RAISES,
        "place.statewide",
    ),
    (
        Rule.PLACE,
        Question(TODAY, districts=("14713",)),
        {"scope": "OFFER_SCOPE_SAXONY", "districts": ()},
        Outcome.RAISES,
        "place.statewide",
    ),
    (Rule.PLACE, asking(district_codes=("14713",)), {}, Outcome.FAILED, "place.elsewhere"),
    (Rule.PLACE, asking(district_codes=("14713",)), {"districts": ()}, Outcome.FAILED, "place.unknown"),
    (
        Rule.PLACE,
        asking(district_codes=("14713",)),
        {"scope": "OFFER_SCOPE_FEDERAL"},
        Outcome.PASSED,
        "place.statewide",
    ),
    (Rule.AUDIENCE, asking(), {}, Outcome.NOT_ASKED, "audience.not_asked"),
    (Rule.AUDIENCE, asking(audiences=("AUDIENCE_COMPANY",)), {}, Outcome.FAILED, "audience.other"),
    (Rule.AUDIENCE, Question(TODAY, audience="AUDIENCE_COMPANY"), {}, Outcome.LOWERS, "audience.other"),
    (Rule.AUDIENCE, Question(TODAY, audience="AUDIENCE_PERSON"), {}, Outcome.RAISES, "audience.passed"),
    (Rule.CONSULTATION_LANGUAGE, asking(consultation_languages=("uk",)), {}, Outcome.PASSED, "language.passed"),
    (Rule.CONSULTATION_LANGUAGE, asking(consultation_languages=("ar",)), {}, Outcome.FAILED, "language.filtered"),
    (
        Rule.CONSULTATION_LANGUAGE,
        asking(consultation_languages=("zh",)),
        {"consultation_languages": ("zh-Hant",)},
        Outcome.PASSED,
        "language.passed",
    ),
    (
        Rule.CONSULTATION_LANGUAGE,
        asking(consultation_languages=("ar",)),
        {"consultation_languages": ()},
        Outcome.FAILED,
        "language.none",
    ),
    (Rule.FORMAT, asking(formats=("OFFER_FORMAT_VIDEO",)), {}, Outcome.FAILED, "format.filtered"),
    (Rule.FORMAT, asking(formats=("OFFER_FORMAT_VIDEO",)), {"formats": ()}, Outcome.FAILED, "format.none"),
    (Rule.KIND, asking(kinds=("OFFER_KIND_FUNDING",)), {}, Outcome.FAILED, "kind.filtered"),
    (Rule.KIND, asking(kinds=("OFFER_KIND_COUNSELLING",)), {}, Outcome.PASSED, "kind.passed"),
    (Rule.COST, asking(free_of_charge=True), {"cost": "COST_KIND_PAID"}, Outcome.FAILED, "cost.not_free"),
    (Rule.COST, asking(free_of_charge=True), {}, Outcome.FAILED, "cost.unknown"),
    (Rule.COST, asking(free_of_charge=True), {"cost": "COST_KIND_FREE"}, Outcome.PASSED, "cost.free"),
    (Rule.CIRCLE, asking(circle=Circle(51.05, 13.74, 5)), {}, Outcome.PASSED, "circle.inside"),
    (Rule.CIRCLE, asking(circle=Circle(51.34, 12.37, 50)), {}, Outcome.FAILED, "circle.outside"),
    (Rule.CIRCLE, asking(circle=Circle(51.34, 12.37, 50)), {"locations": ()}, Outcome.FAILED, "circle.no_site"),
    (Rule.FREE_PLACES, asking(), {"free_places": "full"}, Outcome.LOWERS, "free_places.full"),
    (Rule.FREE_PLACES, asking(), {"free_places": "free"}, Outcome.RAISES, "free_places.free"),
    (Rule.FREE_PLACES, asking(), {}, Outcome.NOT_ASKED, "free_places.not_stated"),
    (Rule.FREE_PLACES, asking(only_with_free_places=True), {}, Outcome.FAILED, "free_places.not_stated"),
    (Rule.FRESHNESS, asking(), {}, Outcome.PASSED, "freshness.no_review"),
    (Rule.FRESHNESS, asking(), {"review_due": TODAY}, Outcome.RAISES, "freshness.confirmed"),
    (Rule.FRESHNESS, asking(), {"review_due": TODAY - timedelta(1)}, Outcome.LOWERS, "freshness.overdue"),
]


@pytest.mark.parametrize(("rule", "question", "changes", "outcome", "key"), CASES, ids=lambda value: str(value)[:24])
def test_each_rule_judges_alone(
    rule: Rule, question: Question, changes: dict[str, Any], outcome: Outcome, key: str
) -> None:
    finding = judged(rule, question, **changes)
    assert (finding.outcome, finding.sentence.key) == (outcome, key)


def test_signs_without_a_word_find_nothing() -> None:
    found = findings(ExplainedOffer(document()), Sought(asking(), only_signs=True))
    assert [one.sentence.key for one in found if one.outcome is Outcome.FAILED] == ["words.only_signs"]


def test_words_that_stand_in_it_keep_an_offer_of_another_topic() -> None:
    assert judged(Rule.WORDS, ABOUT, words=("wort",)).outcome is Outcome.RAISES
    assert judged(Rule.TOPIC, ABOUT, words=("wort",)).outcome is Outcome.LOWERS


def test_the_topic_that_decided_is_named() -> None:
    assert judged(Rule.TOPIC, ABOUT, topics=("housing", "recognition")).concept_id == "recognition"


def test_every_clause_of_the_engines_filter_has_a_rule_that_fails() -> None:
    narrowed = OfferFilter(("x",), ("14713",), ("x",), ("x",), ("x",), ("x",), ("x",), True, Circle(0, 0, 1), True)
    question = Question(TODAY, filter=narrowed)
    failed = [
        one.rule for one in findings(ExplainedOffer(document()), Sought(question)) if one.outcome is Outcome.FAILED
    ]
    always = 4
    assert len(failed) == len(filters(question)) - always


def test_sentences_exist_for_every_key_in_every_language_with_the_same_blanks() -> None:
    by_language = load_sentences().by_language
    blanks = {tag: {key: blanks_of(text) for key, text in said.items()} for tag, said in by_language.items()}
    assert set(by_language) >= {"de", "en", "uk", "ar"}
    used = {key for *_, key in CASES}
    for tag, said in blanks.items():
        sentences = {key: fields for key, fields in said.items() if "." in key}
        assert sentences == blanks["de"], tag
        assert used <= set(sentences)
        if tag not in {"de", "en"}:
            assert set(said) - set(sentences) == {key for key in GERMAN if key.isupper()}


def blanks_of(template: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(template) if field}


@pytest.mark.parametrize("language", ["de", "en", "uk", "ar", "vi", "zh-Hant", "xx", ""])
def test_every_finding_can_be_said_in_any_language(language: str) -> None:
    sentences = load_sentences()
    for rule, question, changes, _, _ in CASES:
        said = sentences.say(judged(rule, question, **changes).sentence, language, {"recognition": "{braces}"})
        assert said.strip()
        assert "{day}" not in said


LEIPZIG, DRESDEN = Circle(51.34, 12.37, 1), (51.05, 13.74)


def test_distances_are_those_of_the_earth() -> None:
    away = nearest_km(LEIPZIG, [DRESDEN, (0.0, 0.0)])
    assert away is not None
    assert 95 < away < 105
    assert nearest_km(LEIPZIG, []) is None


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180))
def test_no_way_is_longer_than_half_the_earth(north: float, east: float, other_north: float, other_east: float) -> None:
    away = nearest_km(Circle(north, east, 1), [(other_north, other_east)])
    assert away is not None
    assert 0 <= away < 20_016


def test_steps_that_have_come_far_enough_are_not_missing() -> None:
    begun = Prerequisite("recognition", "", STARTED, hard=False)
    decided = Prerequisite("recognition", "", DECIDED, hard=True)
    used = Prerequisite("", "regions/dresden/offers/a", STARTED, hard=False)
    assert missing_steps([begun], {"recognition": STARTED}) == ()
    assert missing_steps([decided], {"recognition": STARTED}) == (decided,)
    assert missing_steps([used, begun, decided], {}) == (decided, used)
    assert missing_steps([begun, decided], {"recognition": DECIDED}) == ()


@pytest.mark.parametrize(
    ("question", "taken"),
    [
        ("Ich habe den Bescheid, welcher Kurs passt?", {"recognition": "decided"}),
        ("Ich warte auf den Bescheid", {}),
        ("Ich habe keinen Bescheid bekommen", {}),
        ("Anerkennung beantragt", {"recognition": "started"}),
        ("Anerkennung beantragt und Zwischenbescheid", {"recognition": "decided"}),
        ("My training got partial recognition", {"recognition": "decided"}),
        ("I have no partial recognition", {}),
        ("У мене часткове визнання", {"recognition": "decided"}),
        ("عندي اعتراف جزئي", {"recognition": "decided"}),
        ("Wie geht Anerkennung?", {}),
    ],
)
def test_a_question_shows_steps_by_whole_phrases_and_never_when_it_denies(question: str, taken: dict[str, str]) -> None:
    assert load_step_phrases().find(tokens_of(fold(question))) == taken


@given(st.lists(st.text(max_size=12), max_size=12))
def test_any_words_may_be_looked_at_for_steps(tokens: list[str]) -> None:
    assert set(load_step_phrases().find(tokens)) <= {"recognition"}
