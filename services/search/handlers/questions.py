"""From a caller's request to the question for the index: what was understood, bounded and weighed."""

from datetime import date

from services.common.clock import today_in_saxony
from services.common.names import RegionId
from services.search.domain.labels import primary
from services.search.domain.neighbours import topics_asked
from services.search.domain.questions import AskedConcept, OfferFilter, Question
from services.search.domain.searching import LabelledConcept, SearchRequest, Understood
from services.search.domain.words import bounded_words
from services.search.handlers.parts import SearchParts
from services.search.handlers.wording import Wording
from services.search.thesaurus import Thesaurus
from services.search.understanding.expansion import german_parts
from services.search.understanding.fold import fold
from services.search.understanding.model import LinkedConcept, Understanding
from services.search.understanding.places import districts_in

MOST_GERMAN_WORDS = 24
"""Each is a clause of its own for the engine; what comes after them weighs next to nothing."""
_AUDIENCES = {"person": "AUDIENCE_PERSON", "company": "AUDIENCE_COMPANY", "actor": "AUDIENCE_ACTOR"}


def question_of(request: SearchRequest, understanding: Understanding | None, parts: SearchParts) -> Question:
    """Put the question together as of now; regions that left or were shut out are never shown."""
    hidden = tuple(member.region for member in parts.federation.members() if not member.active)
    return question_for(request, understanding, parts.wording, today_in_saxony(parts.clock()), hidden)


def question_for(
    request: SearchRequest,
    understanding: Understanding | None,
    wording: Wording,
    today: date,
    hidden: tuple[RegionId, ...],
) -> Question:
    """Put the question together; without an understanding (no text) only the filter decides."""
    caller = (request.caller_district,) if request.caller_district else ()
    if understanding is None:
        return Question(today, districts=caller, filter=request.filter, hidden_regions=hidden)
    topics = topics_asked([(concept.id, concept.weight) for concept in understanding.concepts], wording.neighbours)
    words = bounded_words(understanding.read_as or understanding.text)
    return Question(
        today=today,
        words=words,
        folded=bounded_words(fold(understanding.read_as) or understanding.folded),
        typed=bounded_words(understanding.folded) if understanding.read_as else "",
        languages=_languages(understanding.language),
        concepts=tuple(_asked(concept, wording.thesaurus) for concept in understanding.concepts),
        topics=topics,
        german_words=wording.words.of(dict(topics), MOST_GERMAN_WORDS),
        german_parts=" ".join(german_parts(words)),
        names=bounded_words(" ".join(understanding.unknown)),
        literal_only=understanding.abstain,
        audience=_AUDIENCES.get(understanding.audience or ""),
        districts=_places(understanding.districts, caller, request.filter),
        filter=request.filter,
        hidden_regions=hidden,
    )


def understood_of(understanding: Understanding | None, language: str, thesaurus: Thesaurus) -> Understood:
    """Say what was understood, in the caller's language."""
    if understanding is None:
        return Understood("und")
    return Understood(
        language=understanding.language,
        concepts=tuple(_labelled(concept, language, thesaurus) for concept in understanding.concepts),
        districts=districts_in(understanding.districts),
        abstained=understanding.abstain,
        suggestions=tuple(_labelled(concept, language, thesaurus) for concept in understanding.suggestions),
        consultation_languages=understanding.consultation_languages,
    )


def _places(named: tuple[str, ...], caller: tuple[str, ...], narrowed: OfferFilter) -> tuple[str, ...]:
    """Say where help is wanted: in a district named, else where the caller is, else in the whole state if it is named.

    A filter by districts, regions or distance says more than the state's name.
    """
    is_narrowed = narrowed.district_codes or narrowed.regions or narrowed.circle
    return districts_in(named) or caller or (() if is_narrowed else named)


def _languages(detected: str) -> tuple[str, ...]:
    """Look where the question's language stands, and always into the German texts: names and loan words stand there."""
    return tuple(dict.fromkeys((primary(detected), "de")))


def _asked(concept: LinkedConcept, thesaurus: Thesaurus) -> AskedConcept:
    return AskedConcept(concept.id, concept.weight, thesaurus.label(concept.id, "de"))


def _labelled(concept: LinkedConcept, language: str, thesaurus: Thesaurus) -> LabelledConcept:
    label = thesaurus.label(concept.id, language)
    return LabelledConcept(concept.id, label, concept.weight, concept.label, concept.language)
