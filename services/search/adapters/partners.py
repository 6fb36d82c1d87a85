"""Owns how partners are looked up while somebody types: one small request, each partner once.

Partners have no documents of their own: whoever has a searchable offer is found by that offer's document.
"""

from collections.abc import Mapping
from typing import Any

from services.search.adapters.queries import Query, filters
from services.search.domain.offers import parse_key
from services.search.domain.questions import Question
from services.search.domain.searching import FoundPartner
from services.search.domain.words import bounded_words

PATIENCE_SECONDS = 0.4
"""Who types waits for no engine: concepts and places come without partners then."""
PARTNER_PARTS = "hits.hits._id,hits.hits._source"
_MOST_WORDS = 6


def partners_body(question: Question, typed: str, most: int) -> Query | None:
    """Ask for partners whose name has all words typed, the last one perhaps unfinished; None when there is no word."""
    words = bounded_words(typed, _MOST_WORDS)
    if not words:
        return None
    named = {"match_bool_prefix": {"partner": {"query": words, "operator": "and"}}}
    return {
        "size": most,
        "query": {"bool": {"filter": filters(question), "must": [named]}},
        "collapse": {"field": "partner_name"},
        "sort": [{"_score": "desc"}, {"partner_name": "asc"}],
        "track_total_hits": False,
        "_source": ["partner", "partner_name"],
    }


def found_partner(hit: Mapping[str, Any]) -> FoundPartner:
    """Read one hit; the first name is the one to show (`sources`)."""
    source = hit["_source"]
    return FoundPartner(source["partner_name"], source["partner"][0], parse_key(hit["_id"]).region)
