"""Owns why an offer is shown: reasons from what was asked and found, most important first."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from services.search.domain.highlights import emphasised_words
from services.search.domain.labels import district_label, saxony_label
from services.search.domain.questions import FoundOffer, Question

_MOST_WORDS = 5
_STATEWIDE = frozenset({"OFFER_SCOPE_SAXONY", "OFFER_SCOPE_FEDERAL"})

FEW_HITS = 3
"""Below it the question is asked once more, forgiving misspelt words: common questions need not pay for it."""


class WhyKind(Enum):
    """What made an offer a hit; names as in search.proto."""

    TOPIC = "WHY_KIND_TOPIC"
    AUTOMATIC_TOPIC = "WHY_KIND_AUTOMATIC_TOPIC"
    WORDS = "WHY_KIND_WORDS"
    CATCHMENT = "WHY_KIND_CATCHMENT"
    STATEWIDE = "WHY_KIND_STATEWIDE"


@dataclass(frozen=True, slots=True)
class Why:
    """One reason: its kind, the concept if it is one, and a line for people."""

    kind: WhyKind
    text: str
    concept_id: str = ""


def why_found(offer: FoundOffer, question: Question, label_of: Callable[[str], str], language: str) -> tuple[Why, ...]:
    """Give the reasons for one hit; `label_of` names a concept in the caller's language."""
    return (*_topics(offer, question, label_of), *_words(offer, question), *_places(offer, question, language))


def is_overdue(offer: FoundOffer, question: Question) -> bool:
    """Say whether its owner should have confirmed it by now: the day itself is still in time."""
    return offer.review_due < question.today


def may_be_misspelt(question: Question, found: int) -> bool:
    """Say whether to ask again, forgiving misspelt words; never when only literal words may count."""
    return found < FEW_HITS and bool(question.folded) and not (question.literal_only or question.fuzzy)


def _topics(offer: FoundOffer, question: Question, label_of: Callable[[str], str]) -> list[Why]:
    asked = [concept.id for concept in question.concepts]
    published = [Why(WhyKind.TOPIC, label_of(topic), topic) for topic in asked if topic in offer.topics]
    found = [topic for topic in asked if topic in offer.automatic_topics and topic not in offer.topics]
    return published + [Why(WhyKind.AUTOMATIC_TOPIC, label_of(topic), topic) for topic in found]


def _words(offer: FoundOffer, question: Question) -> list[Why]:
    """The words as they stand in the offer; as they were typed where the engine marks none (folded matches)."""
    if not offer.words_match:
        return []
    marked = dict.fromkeys(word for _, text in offer.highlights for word in emphasised_words(text))
    words = list(marked) or question.words.split()
    return [Why(WhyKind.WORDS, ", ".join(words[:_MOST_WORDS]))]


def _places(offer: FoundOffer, question: Question, language: str) -> list[Why]:
    wanted = dict.fromkeys((*question.districts, *question.filter.district_codes))
    here = [code for code in wanted if code in offer.districts]
    if here:
        return [Why(WhyKind.CATCHMENT, ", ".join(map(district_label, here)))]
    if offer.scope in _STATEWIDE:
        return [Why(WhyKind.STATEWIDE, saxony_label(language))]
    return []
