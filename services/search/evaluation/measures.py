"""The figures a ranking is judged by, each for one question; a set's figure is the mean over its questions.

Relevance is binary: an offer answers the question's intent or it does not (matching.md, "Query understanding").
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

DEPTH = 10


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over `queries` questions, 0 to 1."""

    queries: int
    success_at_1: float
    success_at_3: float
    recall_at_5: float
    ndcg_at_10: float

    def as_json(self) -> dict[str, float]:
        """Give them with the names of the field."""
        return {
            "queries": self.queries,
            "S@1": round(self.success_at_1, 4),
            "S@3": round(self.success_at_3, 4),
            "R@5": round(self.recall_at_5, 4),
            "nDCG@10": round(self.ndcg_at_10, 4),
        }


def success_at(ranking: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Say whether one of the first k is relevant: 1 or 0."""
    return float(any(offer in relevant for offer in ranking[:k]))


def recall_at(ranking: Sequence[str], relevant: Collection[str], k: int) -> float:
    """Give the share of what k places could hold of the relevant offers that they do hold."""
    reachable = min(len(relevant), k)
    return sum(offer in relevant for offer in ranking[:k]) / reachable if reachable else 0.0


def ndcg_at(ranking: Sequence[str], relevant: Collection[str], k: int = DEPTH) -> float:
    """Give the discounted gain (1/log2(place + 1)) beside that of the best order there could be."""
    gain = sum(_discount(place) for place, offer in enumerate(ranking[:k]) if offer in relevant)
    best = sum(map(_discount, range(min(len(relevant), k))))
    return gain / best if best else 0.0


def _discount(place: int) -> float:
    return 1 / math.log2(place + 2)


def figures(rankings: Mapping[str, Sequence[str]], relevant: Mapping[str, Collection[str]]) -> Figures:
    """Judge the rankings of those questions that have relevant offers; all zero without any."""
    judged = [(rankings.get(query, ()), offers) for query, offers in relevant.items() if offers]
    if not judged:
        return Figures(0, 0.0, 0.0, 0.0, 0.0)
    return Figures(
        queries=len(judged),
        success_at_1=fmean(success_at(ranking, offers, 1) for ranking, offers in judged),
        success_at_3=fmean(success_at(ranking, offers, 3) for ranking, offers in judged),
        recall_at_5=fmean(recall_at(ranking, offers, 5) for ranking, offers in judged),
        ndcg_at_10=fmean(ndcg_at(ranking, offers) for ranking, offers in judged),
    )
