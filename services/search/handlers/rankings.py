"""Owns the order of offers for a question, as everybody gets it: callers of the service and those who measure it."""

from dataclasses import replace

from services.search.domain.questions import FacetCount, FacetField, Question
from services.search.domain.ranking import may_be_misspelt
from services.search.handlers.paging import Rest
from services.search.ports import OfferIndex

Facets = tuple[tuple[FacetField, tuple[FacetCount, ...]], ...]


async def ranked(index: OfferIndex, question: Question, facets: tuple[FacetField, ...]) -> tuple[Rest, Facets]:
    """Ask for the order of the best; ask again, more forgivingly, when there are few."""
    ranking = await index.rank(question, facets)
    if may_be_misspelt(question, ranking.total):
        question = replace(question, fuzzy=True)
        ranking = await index.rank(question, facets)
    return Rest(ranking.ids, ranking.total, ranking.total_is_lower_bound, question.fuzzy), ranking.facets
