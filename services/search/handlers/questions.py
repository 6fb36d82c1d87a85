"""From a caller's request to the question for the index: what was understood, bounded and weighed."""

from datetime import date

from services.common.clock import today_in_saxony
from services.common.names import RegionId
from services.search.domain.labels import primary
from services.search.domain.questions import AskedConcept, Question
from services.search.domain.searching import LabelledConcept, SearchRequest, Understood
from services.search.domain.words import bounded_words
from services.search.handlers.parts import SearchParts
from services.search.thesaurus import Thesaurus
from services.search.understanding.model import LinkedConcept, Understanding

_AUDIENCES = {"person": "AUDIENCE_PERSON", "company": "AUDIENCE_COMPANY", "actor": "AUDIENCE_ACTOR"}


def question_of(request: SearchRequest, understanding: Understanding | None, parts: SearchParts) -> Question:
    """Put the question together as of now; regions that left or were shut out are never shown."""
    hidden = tuple(member.region for member in parts.federation.members() if not member.active)
    return question_for(request, understanding, parts.thesaurus, today_in_saxony(parts.clock()), hidden)


def question_for(
    request: SearchRequest,
    understanding: Understanding | None,
    thesaurus: Thesaurus,
    today: date,
    hidden: tuple[RegionId, ...],
) -> Question:
    """Put the question together; without an understanding (no text) only the filter decides."""
    caller = (request.caller_district,) if request.caller_district else ()
    if understanding is None:
        return Question(today, districts=caller, filter=request.filter, hidden_regions=hidden)
    return Question(
        today=today,
        words=bounded_words(understanding.text),
        folded=bounded_words(understanding.folded),
        languages=_languages(understanding.language),
        concepts=tuple(_asked(concept, thesaurus) for concept in understanding.concepts),
        literal_only=understanding.abstain,
        audience=_AUDIENCES.get(understanding.audience or ""),
        # A place named in the question is where help is wanted, whatever the caller's own district.
        districts=understanding.districts or caller,
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
        districts=understanding.districts,
        abstained=understanding.abstain,
        suggestions=tuple(_labelled(concept, language, thesaurus) for concept in understanding.suggestions),
        consultation_languages=understanding.consultation_languages,
    )


def _languages(detected: str) -> tuple[str, ...]:
    """Look where the question's language stands, and always into the German texts: names and loan words stand there."""
    return tuple(dict.fromkeys((primary(detected), "de")))


def _asked(concept: LinkedConcept, thesaurus: Thesaurus) -> AskedConcept:
    return AskedConcept(concept.id, concept.weight, thesaurus.label(concept.id, "de"))


def _labelled(concept: LinkedConcept, language: str, thesaurus: Thesaurus) -> LabelledConcept:
    label = thesaurus.label(concept.id, language)
    return LabelledConcept(concept.id, label, concept.weight, concept.label, concept.language)
