"""Finds offers: understands the text, asks the index, says why, and never hides what is missing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

from services.search.domain.highlights import segments_of
from services.search.domain.questions import FoundOffer, Question
from services.search.domain.ranking import is_overdue, why_found
from services.search.domain.searching import Highlight, Hit, SearchAnswer, SearchRequest
from services.search.handlers.facets import labelled
from services.search.handlers.paging import Rest, pack, unpack
from services.search.handlers.parts import SearchParts
from services.search.handlers.questions import question_of, understood_of
from services.search.handlers.rankings import Facets, ranked
from services.search.handlers.understanding import understand
from services.search.handlers.understanding_steps import understanding_steps
from services.search.understanding.model import Understanding

T = TypeVar("T")


async def search_offers(request: SearchRequest, parts: SearchParts) -> SearchAnswer:
    """Answer one search. Raises PAGE_TOKEN_INVALID and SEARCH_ENGINE_UNAVAILABLE."""
    text = request.text.strip()
    understanding = await understand(text, request.language, parts.understander) if text else None
    question = question_of(request, understanding, parts)
    facets: Facets = ()
    if request.page_token:
        rest = unpack(parts.tokens.read(request.identity, request.page_token))
    elif text and question.asks_for_all:
        # Signs without a word mean nothing: no hits, rather than all offers.
        rest = Rest((), 0, total_is_lower_bound=False, fuzzy=False)
    else:
        rest, facets = await ranked(parts.index, question, request.facets)
    question = replace(question, fuzzy=rest.fuzzy)
    # While the engine reads the page, all that needs no offer is put together.
    async with _begun(parts.index.fetch(question, rest.ids[: request.page_size], explain=request.explain)) as page:
        answer = _without_hits(request, question, understanding, parts, rest, facets)
        return replace(answer, hits=tuple(map(_hits_for(question, request, parts), await page)))


@asynccontextmanager
async def _begun(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Let work begin, and end it with the block."""
    task = asyncio.create_task(work)
    try:
        await asyncio.sleep(0)
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _without_hits(
    request: SearchRequest,
    question: Question,
    understanding: Understanding | None,
    parts: SearchParts,
    rest: Rest,
    facets: Facets,
) -> SearchAnswer:
    left = rest.after(request.page_size)
    understood = understood_of(understanding, request.language, parts.thesaurus)
    if request.explain and understanding is not None:
        understood = replace(
            understood, steps=understanding_steps(understanding, question, request.language, parts.sentences)
        )
    return SearchAnswer(
        hits=(),
        next_page_token=parts.tokens.write(request.identity, pack(left)) if left.ids else "",
        total=rest.total,
        total_is_lower_bound=rest.total_is_lower_bound,
        understood=understood,
        facets=tuple((field, labelled(field, counts, request.language, parts)) for field, counts in facets),
        coverage=tuple(region for region in parts.freshness.current(parts.clock()) if not region.is_fresh),
    )


def _hits_for(question: Question, request: SearchRequest, parts: SearchParts) -> Callable[[FoundOffer], Hit]:
    def label_of(concept_id: str) -> str:
        return parts.thesaurus.label(concept_id, request.language)

    def hit_of(offer: FoundOffer) -> Hit:
        return Hit(
            key=offer.key,
            entry=offer.entry,
            score=offer.score,
            why=why_found(offer, question, label_of, request.language),
            highlights=tuple(Highlight(field, segments_of(text)) for field, text in offer.highlights),
            review_overdue=is_overdue(offer, question),
            automatic_topics=offer.automatic_topics,
            score_parts=offer.score_parts,
        )

    return hit_of
