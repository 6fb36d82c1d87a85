"""Owns by which rules one offer is shown for a question or not: pure functions of the stored entry and the question.

Each rule gives exactly one finding with a sentence to be said; the search's own filter and ranking (`adapters.queries`)
are the same rules in the engine's words, and a test holds both against each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from services.search.domain.distance import nearest_km
from services.search.domain.offers import (
    FIRST_DAY,
    FREE,
    FULL,
    LAST_DAY,
    NOT_STATED,
    WAITING_LIST,
    OfferDocument,
    clear_ids,
)
from services.search.domain.questions import Question
from services.search.domain.steps import Prerequisite

Told = str | int | tuple[str, ...]
"""What fills a sentence in: a day or text, a number, or codes that have names."""


class Rule(Enum):
    """What is looked at; names as in explain.proto, in the order in which they are told."""

    PUBLISHED = "RULE_PUBLISHED"
    VALID_TODAY = "RULE_VALID_TODAY"
    REGION = "RULE_REGION"
    TOPIC = "RULE_TOPIC"
    WORDS = "RULE_WORDS"
    PLACE = "RULE_PLACE"
    AUDIENCE = "RULE_AUDIENCE"
    CONSULTATION_LANGUAGE = "RULE_CONSULTATION_LANGUAGE"
    FORMAT = "RULE_FORMAT"
    KIND = "RULE_KIND"
    COST = "RULE_COST"
    CIRCLE = "RULE_CIRCLE"
    FREE_PLACES = "RULE_FREE_PLACES"
    FRESHNESS = "RULE_FRESHNESS"


class Outcome(Enum):
    """What a rule says; names as in explain.proto."""

    PASSED = "RULE_OUTCOME_PASSED"
    FAILED = "RULE_OUTCOME_FAILED"
    RAISES = "RULE_OUTCOME_RAISES"
    NOT_ASKED = "RULE_OUTCOME_NOT_ASKED"
    LOWERS = "RULE_OUTCOME_LOWERS"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence by its key (`sentences`), and what fills it in."""

    key: str
    values: Mapping[str, Told] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule with its outcome."""

    rule: Rule
    outcome: Outcome
    sentence: Sentence
    concept_id: str = ""


@dataclass(frozen=True, slots=True)
class ExplainedOffer:
    """An offer with all that the rules look at."""

    document: OfferDocument
    places_free: int = 0
    places_total: int = 0
    prerequisites: tuple[Prerequisite, ...] = ()


@dataclass(frozen=True, slots=True)
class Sought:
    """A question, and what is known of it beyond the entry."""

    question: Question
    words: tuple[str, ...] = ()
    """Those of its words that stand in the offer."""
    found: bool = False
    """The index found the offer, whatever made it do so."""
    only_signs: bool = False
    """Something was typed, but no word: such a question finds nothing."""


def findings(offer: ExplainedOffer, sought: Sought) -> tuple[Finding, ...]:
    """Judge an offer by every rule."""
    return tuple(_finding(rule, judge(offer, sought)) for rule, judge in _RULES.items())


_Verdict = tuple[Outcome, Sentence] | tuple[Outcome, Sentence, str]
_Judge = Callable[[ExplainedOffer, Sought], _Verdict]


def _finding(rule: Rule, verdict: _Verdict) -> Finding:
    outcome, sentence, *concept = verdict
    return Finding(rule, outcome, sentence, concept[0] if concept else "")


def _published(offer: ExplainedOffer, sought: Sought) -> _Verdict:
    state = offer.document.state.removeprefix("OFFER_STATE_").lower()
    if state == "published":
        return Outcome.PASSED, Sentence("published.passed")
    return Outcome.FAILED, Sentence(f"published.{state if state in {'paused', 'ended'} else 'draft'}")


def _valid_today(offer: ExplainedOffer, sought: Sought) -> _Verdict:
    document, today = offer.document, sought.question.today
    if document.valid_from > today and document.valid_from != FIRST_DAY:
        return Outcome.FAILED, Sentence("valid.not_yet", {"day": document.valid_from.isoformat()})
    if document.valid_until < today:
        return Outcome.FAILED, Sentence("valid.over", {"day": document.valid_until.isoformat()})
    return Outcome.PASSED, Sentence("valid.passed")


def _region(offer: ExplainedOffer, sought: Sought) -> _Verdict:
    region, question = offer.document.key.region, sought.question
    told: dict[str, Told] = {"region": (region,)}
    if region in question.hidden_regions:
        return Outcome.FAILED, Sentence("region.left", told)
    if question.filter.regions and region not in question.filter.regions:
        return Outcome.FAILED, Sentence("region.filtered", told)
    return Outcome.PASSED, Sentence("region.member", told)


_MOST_TOLD = 3


def _topic(offer: ExplainedOffer, sought: Sought) -> _Verdict:
    document, question = offer.document, sought.question
    wanted = question.filter.topics
    own = (*document.topics, *clear_ids(document.automatic_topics))
    if wanted and not set(wanted) & set(own):
        return Outcome.FAILED, Sentence("topic.filtered", {"concepts": wanted})
    asked = tuple(concept.id for concept in question.concepts)
    for key, topics in (("topic.set", document.topics), ("topic.automatic", _found_by_machine(document))):
        shared = tuple(concept for concept in asked if concept in topics)
        if shared:
            return Outcome.RAISES, Sentence(key, {"concepts": shared}), shared[0]
    around = tuple(topic for topic, _ in question.topics if topic in (*document.topics, *_found_by_machine(document)))
    if around:
        return Outcome.RAISES, Sentence("topic.near", {"concepts": around[:_MOST_TOLD]}), around[0]
    if asked:
        # Words alone may still find it; then the topic only puts it below offers that have it.
        outcome = Outcome.LOWERS if sought.found or sought.words else Outcome.FAILED
        return outcome, Sentence("topic.other", {"concepts": asked}), asked[0]
    if wanted:
        shared = tuple(topic for topic in wanted if topic in own)
        return Outcome.PASSED, Sentence("topic.passed", {"concepts": shared}), shared[0]
    return Outcome.NOT_ASKED, Sentence("topic.not_asked")


def _found_by_machine(document: OfferDocument) -> tuple[str, ...]:
    """Unclear ones too: they are never filtered by, yet they help to find the offer."""
    return tuple(topic.id for topic in document.automatic_topics)


def _words(offer: ExplainedOffer, sought: Sought) -> _Verdict:
    question = sought.question
    if sought.only_signs:
        return Outcome.FAILED, Sentence("words.only_signs")
    if question.asks_for_all:
        return Outcome.NOT_ASKED, Sentence("words.not_asked")
    if sought.words:
        return Outcome.RAISES, Sentence("words.found", {"words": sought.words})
    topics = {*offer.document.topics, *_found_by_machine(offer.document)}
    asked = (*(concept.id for concept in question.concepts), *(topic for topic, _ in question.topics))
    if sought.found or not topics.isdisjoint(asked):
        return Outcome.LOWERS, Sentence("words.topic_instead")
    return Outcome.FAILED, Sentence("words.missing_literal" if question.literal_only else "words.missing")


_STATEWIDE = frozenset({"OFFER_SCOPE_SAXONY", "OFFER_SCOPE_FEDERAL"})


def _place(offer: ExplainedOffer, sought: Sought) -> _Verdict:
    document, question = offer.document, sought.question
    filtered, near = question.filter.district_codes, question.districts
    here = tuple(code for code in dict.fromkeys((*near, *filtered)) if code in document.districts)
    passes = bool(set(filtered) & set(document.districts)) or document.scope in _STATEWIDE
    if not filtered and not near:
        return Outcome.NOT_ASKED, Sentence("place.not_asked")
    if not filtered or passes:
        if here:
            raises = not near or bool(set(near) & set(here))
            return (Outcome.RAISES if raises else Outcome.PASSED), Sentence("place.here", {"districts": here})
        if document.scope in _STATEWIDE:
            return (Outcome.RAISES if near else Outcome.PASSED), Sentence("place.statewide")
    outcome = Outcome.LOWERS if not filtered or passes else Outcome.FAILED
    if not document.districts:
        return outcome, Sentence("place.unknown")
    # An official code begins with that of the state: whoever names Saxony is not told that Dresden is elsewhere.
    is_part = any(code.startswith(near) for code in document.districts)
    return outcome, Sentence("place.part" if is_part else "place.elsewhere", {"districts": document.districts})


def _audience(offer: ExplainedOffer, sought: Sought) -> _Verdict:
    audiences, question = offer.document.audiences, sought.question
    wanted = question.filter.audiences
    if wanted and not set(wanted) & set(audiences):
        return Outcome.FAILED, Sentence("audience.other", {"audiences": audiences})
    if question.audience and question.audience in audiences:
        return Outcome.RAISES, Sentence("audience.passed", {"audiences": (question.audience,)})
    if wanted:
        # Who filters has said it; what the words hint at is worth less.
        shared = tuple(code for code in wanted if code in audiences)
        return Outcome.PASSED, Sentence("audience.passed", {"audiences": shared})
    if question.audience:
        return Outcome.LOWERS, Sentence("audience.other", {"audiences": audiences})
    return Outcome.NOT_ASKED, Sentence("audience.not_asked")


def _language(offer: ExplainedOffer, sought: Sought) -> _Verdict:
    spoken, wanted = offer.document.consultation_languages, sought.question.filter.consultation_languages
    if not wanted:
        return Outcome.NOT_ASKED, Sentence("language.not_asked")
    # A wider tag takes the narrower ones in: "zh" finds "zh-Hant".
    shared = tuple(one for one in spoken if any(one == tag or one.startswith(f"{tag}-") for tag in wanted))
    if shared:
        return Outcome.PASSED, Sentence("language.passed", {"languages": shared})
    return Outcome.FAILED, Sentence("language.filtered", {"languages": spoken}) if spoken else Sentence("language.none")


def _format(offer: ExplainedOffer, sought: Sought) -> _Verdict:
    formats, wanted = offer.document.formats, sought.question.filter.formats
    if not wanted:
        return Outcome.NOT_ASKED, Sentence("format.not_asked")
    shared = tuple(one for one in formats if one in wanted)
    if shared:
        return Outcome.PASSED, Sentence("format.passed", {"formats": shared})
    return Outcome.FAILED, Sentence("format.filtered", {"formats": formats}) if formats else Sentence("format.none")


def _kind(offer: ExplainedOffer, sought: Sought) -> _Verdict:
    kind, wanted = offer.document.kind, sought.question.filter.kinds
    if not wanted:
        return Outcome.NOT_ASKED, Sentence("kind.not_asked")
    passes = kind in wanted
    key = "kind.passed" if passes else "kind.filtered"
    return (Outcome.PASSED if passes else Outcome.FAILED), Sentence(key, {"kinds": (kind,)})


def _cost(offer: ExplainedOffer, sought: Sought) -> _Verdict:
    if not sought.question.filter.free_of_charge:
        return Outcome.NOT_ASKED, Sentence("cost.not_asked")
    if offer.document.cost == "COST_KIND_FREE":
        return Outcome.PASSED, Sentence("cost.free")
    unknown = offer.document.cost == "COST_KIND_UNSPECIFIED"
    return Outcome.FAILED, Sentence("cost.unknown" if unknown else "cost.not_free")


def _circle(offer: ExplainedOffer, sought: Sought) -> _Verdict:
    circle = sought.question.filter.circle
    if circle is None:
        return Outcome.NOT_ASKED, Sentence("circle.not_asked")
    away = nearest_km(circle, offer.document.locations)
    if away is None:
        return Outcome.FAILED, Sentence("circle.no_site")
    if away <= circle.radius_km:
        return Outcome.PASSED, Sentence("circle.inside", {"km": round(away)})
    return Outcome.FAILED, Sentence("circle.outside", {"km": round(away)})


def _free_places(offer: ExplainedOffer, sought: Sought) -> _Verdict:
    places, needed = offer.document.free_places, sought.question.filter.only_with_free_places
    told: dict[str, Told] = {"count": offer.places_free, "total": offer.places_total}
    sentence = Sentence(f"free_places.{places}", told if places == FREE else {})
    if needed:
        return (Outcome.PASSED if places == FREE else Outcome.FAILED), sentence
    outcomes = {FREE: Outcome.RAISES, NOT_STATED: Outcome.NOT_ASKED, WAITING_LIST: Outcome.LOWERS, FULL: Outcome.LOWERS}
    return outcomes[places], sentence


def _freshness(offer: ExplainedOffer, sought: Sought) -> _Verdict:
    due = offer.document.review_due
    if due == LAST_DAY:
        return Outcome.PASSED, Sentence("freshness.no_review")
    if due < sought.question.today:
        return Outcome.LOWERS, Sentence("freshness.overdue", {"day": due.isoformat()})
    return Outcome.RAISES, Sentence("freshness.confirmed", {"day": due.isoformat()})


_RULES: Mapping[Rule, _Judge] = {
    Rule.PUBLISHED: _published,
    Rule.VALID_TODAY: _valid_today,
    Rule.REGION: _region,
    Rule.TOPIC: _topic,
    Rule.WORDS: _words,
    Rule.PLACE: _place,
    Rule.AUDIENCE: _audience,
    Rule.CONSULTATION_LANGUAGE: _language,
    Rule.FORMAT: _format,
    Rule.KIND: _kind,
    Rule.COST: _cost,
    Rule.CIRCLE: _circle,
    Rule.FREE_PLACES: _free_places,
    Rule.FRESHNESS: _freshness,
}
