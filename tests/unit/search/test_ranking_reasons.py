"""Why an offer is shown, in which order, in which words."""

from datetime import date

from services.common.names import RegionId
from services.search.domain.offers import LAST_DAY, OfferKey
from services.search.domain.questions import AskedConcept, FoundOffer, OfferFilter, Question
from services.search.domain.ranking import Why, WhyKind, is_overdue, may_be_misspelt, why_found

TODAY = date(2026, 11, 2)
CONCEPTS = (AskedConcept("recognition", 0.9, "Anerkennung"), AskedConcept("housing", 0.5, "Wohnen"))


def offer(
    topics: tuple[str, ...] = (),
    automatic: tuple[str, ...] = (),
    districts: tuple[str, ...] = (),
    scope: str = "OFFER_SCOPE_REGION",
    words: bool = False,
    highlights: tuple[tuple[str, str], ...] = (),
    review_due: date = LAST_DAY,
) -> FoundOffer:
    key = OfferKey(RegionId("dresden"), "a")
    return FoundOffer(key, 1.0, b"", topics, automatic, districts, scope, review_due, words, highlights)


def why(found: FoundOffer, question: Question, language: str = "de") -> list[Why]:
    return list(why_found(found, question, lambda concept: f"<{concept}>", language))


def test_topics_come_first_in_the_order_of_the_question_then_words_then_places() -> None:
    found = offer(("housing",), ("recognition",), ("14612",), words=True, highlights=(("title", "\ue000Wohnen\ue001"),))
    question = Question(TODAY, "wohnen", "wohnen", concepts=CONCEPTS, districts=("14612",))
    assert why(found, question) == [
        Why(WhyKind.TOPIC, "<housing>", "housing"),
        Why(WhyKind.AUTOMATIC_TOPIC, "<recognition>", "recognition"),
        Why(WhyKind.WORDS, "Wohnen"),
        Why(WhyKind.CATCHMENT, "Dresden"),
    ]


def test_a_topic_that_nobody_asked_for_is_no_reason() -> None:
    assert why(offer(("tax",)), Question(TODAY, concepts=CONCEPTS)) == []


def test_words_without_marks_are_told_as_they_were_typed() -> None:
    question = Question(TODAY, "groesse masse", "grosse masse")
    assert why(offer(words=True), question) == [Why(WhyKind.WORDS, "groesse, masse")]


def test_marks_of_a_topics_name_alone_are_no_words_of_the_question() -> None:
    assert why(offer(highlights=(("title", "\ue000Wohnen\ue001"),)), Question(TODAY, "жити", "жити")) == []


def test_all_of_saxony_is_named_in_the_callers_language() -> None:
    found = offer(scope="OFFER_SCOPE_SAXONY")
    assert why(found, Question(TODAY), "uk") == [Why(WhyKind.STATEWIDE, "Саксонія")]
    assert why(found, Question(TODAY), "ti") == [Why(WhyKind.STATEWIDE, "Saxony")]


def test_a_district_that_was_filtered_for_is_a_reason_too() -> None:
    question = Question(TODAY, filter=OfferFilter(district_codes=("14713", "14612")))
    assert why(offer(districts=("14612",)), question) == [Why(WhyKind.CATCHMENT, "Dresden")]


def test_an_offer_is_overdue_from_the_day_after() -> None:
    assert not is_overdue(offer(review_due=TODAY), Question(TODAY))
    assert is_overdue(offer(review_due=date(2026, 11, 1)), Question(TODAY))


def test_misspelt_words_are_forgiven_once_after_few_hits_and_never_for_literal_ones() -> None:
    asked = Question(TODAY, "wort", "wort", concepts=CONCEPTS)
    assert may_be_misspelt(asked, 2)
    assert not may_be_misspelt(asked, 3)
    assert not may_be_misspelt(Question(TODAY, "wort", "wort", fuzzy=True), 0)
    assert not may_be_misspelt(Question(TODAY, "wort", "wort", literal_only=True), 0)
    assert not may_be_misspelt(Question(TODAY), 0)
