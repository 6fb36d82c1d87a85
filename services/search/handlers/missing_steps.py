"""Tells which steps must come before an offer helps, in the caller's language, with the counters that do them."""

from collections.abc import Mapping
from dataclasses import replace

from services.common.errors import CheckTheName
from services.search.domain.explaining import Sentence
from services.search.domain.explanation import ExplainRequest, NearOffer, ToldStep
from services.search.domain.offers import OfferKey
from services.search.domain.questions import AskedConcept, OfferFilter, Question
from services.search.domain.ranking import why_found
from services.search.domain.steps import DECIDED, Prerequisite, missing_steps
from services.search.handlers.get_offer import get_offer
from services.search.handlers.parts import SearchParts
from services.search.ports import ReadsEntries
from services.search.understanding.model import Understanding

_MOST_COUNTERS = 3
_MOST_LOOKED_AT = 12
"""Some counters are left out, because they require the same step."""


async def told_missing_steps(
    request: ExplainRequest,
    required: tuple[Prerequisite, ...],
    understanding: Understanding | None,
    question: Question,
    reads: ReadsEntries,
    parts: SearchParts,
) -> tuple[ToldStep, ...]:
    """Tell the steps that nothing shows to be taken. Raises SEARCH_ENGINE_UNAVAILABLE."""
    missing = missing_steps(required, _taken(request, understanding, parts))
    return tuple([await _told(step, request, question, reads, parts) for step in missing])


def _taken(request: ExplainRequest, understanding: Understanding | None, parts: SearchParts) -> Mapping[str, str]:
    said = parts.step_phrases.find(understanding.tokens) if understanding else {}
    return {**said, **dict.fromkeys(request.completed_topics, DECIDED)}


async def _told(
    step: Prerequisite, request: ExplainRequest, question: Question, reads: ReadsEntries, parts: SearchParts
) -> ToldStep:
    language = request.search.language
    if step.offer:
        counters, label = await _required_offer(step.offer, language, reads, parts)
        first = Sentence("step.offer", {"label": label})
    else:
        label = parts.thesaurus.label(step.topic, language) if step.topic in parts.thesaurus else step.topic
        counters = await _counters(step, request, question, reads, parts)
        first = Sentence(f"step.{step.state}", {"label": label})
    sentences = [first, Sentence("step.counters" if counters else "step.no_counters")]
    text = " ".join(parts.sentences.say(sentence, language, {}) for sentence in sentences)
    return ToldStep(step.topic, step.offer, label, text, step.hard, step.evidence, counters)


async def _required_offer(
    name: str, language: str, reads: ReadsEntries, parts: SearchParts
) -> tuple[tuple[NearOffer, ...], str]:
    """Give the offer itself, with its title; its name when it is not known here."""
    try:
        answer = await get_offer(reads.key(name), parts)
    except CheckTheName:
        return (), name
    return (NearOffer(answer.stored.key, answer.stored.body, ()),), reads.title(answer.stored.body, language)


async def _counters(
    step: Prerequisite, request: ExplainRequest, question: Question, reads: ReadsEntries, parts: SearchParts
) -> tuple[NearOffer, ...]:
    """Find offers with the step's topic, near the caller first; the filter was meant for the offer asked about.

    Languages of consultation hold here as well: somebody who needs advice in one needs it for the first step too.
    """
    label = parts.thesaurus.label(step.topic, "de") if step.topic in parts.thesaurus else step.topic
    narrowed = OfferFilter(topics=(step.topic,), consultation_languages=question.filter.consultation_languages)
    asked = Question(
        today=question.today,
        concepts=(AskedConcept(step.topic, 1.0, label),),
        topics=((step.topic, 1.0),),
        audience=question.audience,
        districts=question.districts,
        filter=narrowed,
        hidden_regions=question.hidden_regions,
    )
    found = await _found(asked, step, request, reads, parts)
    if not found and narrowed.consultation_languages:
        found = await _found(replace(asked, filter=OfferFilter(topics=(step.topic,))), step, request, reads, parts)
    return found


async def _found(
    asked: Question, step: Prerequisite, request: ExplainRequest, reads: ReadsEntries, parts: SearchParts
) -> tuple[NearOffer, ...]:
    def label_of(concept_id: str) -> str:
        return parts.thesaurus.label(concept_id, request.search.language)

    def helps(key: OfferKey, entry: bytes) -> bool:
        # A counter that itself requires the step cannot be the way to it.
        return key != request.key and all(one.topic != step.topic for one in reads.prerequisites(entry))

    ranking = await parts.index.rank(asked, ())
    offers = await parts.index.fetch(asked, ranking.ids[:_MOST_LOOKED_AT])
    return tuple(
        NearOffer(offer.key, offer.entry, why_found(offer, asked, label_of, request.search.language))
        for offer in offers
        if helps(offer.key, offer.entry)
    )[:_MOST_COUNTERS]
