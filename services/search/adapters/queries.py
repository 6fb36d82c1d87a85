"""Owns how a question becomes an OpenSearch query: pure functions from values to request bodies.

Nothing typed by a person is ever parsed as query syntax: texts only go into match queries, which read words.
"""

from collections.abc import Sequence
from typing import Any

from services.search.domain.highlights import CLOSING, OPENING
from services.search.domain.offers import FREE, NOT_STATED, WAITING_LIST
from services.search.domain.questions import (
    MOST_COUNTED,
    MOST_FACET_VALUES,
    MOST_RANKED,
    FacetField,
    OfferFilter,
    Question,
)

Query = dict[str, Any]

WORDS = "words"
"""Name of the clause that says whether words of the question stand in a hit."""

_STATEWIDE = ["OFFER_SCOPE_SAXONY", "OFFER_SCOPE_FEDERAL"]
_FREE = "COST_KIND_FREE"
_SHOWN = ["entry", "topics", "automatic_topics", "districts", "scope", "review_due"]
_SEARCHABLE = "OFFER_STATE_PUBLISHED"

_TOPIC_SCORE = 40.0
"""A topic that the publisher set, asked surely: above what known words alone reach (10 to 20), because links across
languages are right far more often than words (matching.md: S@3 .83 against .25)."""
_FURTHER_TOPICS = 0.6
"""What an offer's other topics that were asked too count beside its best one."""
_WORD_BOOST = 8.0
"""Times BM25 of a word that all German labels of the topic share and no other topic has (ADR 0015)."""
_PARTS_BOOST = 4.0
"""The same for what German compounds among the words typed are made of."""

_NAME_BOOST = 44.0
"""Times BM25 of words that no topic knows and that all stand in one title or partner's name: whoever types a rare name
wants that one, whatever topic it sounds like (measured: no other question changes)."""

_IN_DISTRICT_SCORE, _STATEWIDE_SCORE = 20.0, 14.0
"""Ahead of offers for elsewhere: "in the caller's district first, then Saxony-wide". Less than a topic is worth, so
that what is beside the question is not lifted; further topics and words may still outweigh it (ADR 0017)."""
_ANYWHERE_SCORE = 2.5
"""Ahead of equals for one region while nobody knows where the caller is: open to all beats perhaps elsewhere."""
_AUDIENCE_SCORE = 12.0
_CONFIRMED_SCORE = 3.0
"""Ahead of offers whose owner should have confirmed them by now."""
_OPEN_SCORE, _WAITING_SCORE = 2.0, 1.0
"""Ahead of offers without a free place; one that says nothing of places is open to all (offer.proto, `capacity`)."""
_MOST_WORDS_NEEDED = "2<70%"
"""One or two words must all be there, of more 70 per cent."""
_FUZZY_EXPANSIONS = 10


def ranking_body(question: Question) -> Query:
    """Ask for the order of the best only; the last sort value is the key, so no document is read."""
    must = [] if question.asks_for_all else [_matching(question)]
    return {
        "size": MOST_RANKED,
        "query": {"bool": {"filter": filters(question), "must": must, "should": _raised(question)}},
        "sort": _order(question),
        "track_total_hits": MOST_COUNTED,
        "_source": False,
        "stored_fields": "_none_",
    }


def offers_body(question: Question, ids: Sequence[str]) -> Query:
    """Ask for these offers with all that is shown, if they pass the filter, whether or not words still match."""
    clauses = [*filters(question), {"ids": {"values": list(ids)}}]
    if question.asks_for_all:
        scored: Query = {"bool": {"filter": clauses, "should": _raised(question)}}
        return {"size": len(ids), "query": scored, "track_total_hits": False, "_source": _SHOWN}
    scored = {"bool": {"filter": clauses, "should": [_matching(question, named=True), *_raised(question)]}}
    words = _words(question)
    return {
        "size": len(ids),
        "query": scored,
        "track_total_hits": False,
        "_source": _SHOWN,
        **({"highlight": _highlight(question, words)} if words else {}),
    }


def facets_body(question: Question, facets: tuple[FacetField, ...]) -> Query:
    """Ask for counts over all that match, without scores: beside the hits, not in their way."""
    aggregations = {field.name: {"terms": {"field": field.value, "size": MOST_FACET_VALUES}} for field in facets}
    matching = [] if question.asks_for_all else [_matching(question)]
    return {
        "size": 0,
        "track_total_hits": False,
        "query": {"bool": {"filter": [*filters(question), *matching]}},
        "aggs": aggregations,
    }


def filters(question: Question) -> list[Query]:
    """Give what every hit must pass: searchable today, of a member region, and what the caller narrows."""
    today = question.today.isoformat()
    clauses: list[Query] = [
        {"term": {"deleted": False}},
        {"term": {"state": _SEARCHABLE}},
        {"range": {"valid_from": {"lte": today}}},
        {"range": {"valid_until": {"gte": today}}},
        *_narrowed(question.filter),
    ]
    if question.hidden_regions:
        clauses.append({"bool": {"must_not": {"terms": {"region": list(question.hidden_regions)}}}})
    return clauses


def _narrowed(asked: OfferFilter) -> list[Query]:
    fields = {
        "region": asked.regions,
        "all_topics": asked.topics,
        "audiences": asked.audiences,
        "formats": asked.formats,
        "kind": asked.kinds,
        "cost": (_FREE,) if asked.free_of_charge else (),
        "free_places": (FREE,) if asked.only_with_free_places else (),
    }
    clauses: list[Query] = [{"terms": {field: list(values)}} for field, values in fields.items() if values]
    if asked.district_codes:
        clauses.append(_any_of(_in_districts(asked.district_codes), _statewide()))
    if asked.consultation_languages:
        clauses.append(_any_of(*map(_speaks, asked.consultation_languages)))
    if asked.circle:
        place = {"lat": asked.circle.latitude, "lon": asked.circle.longitude}
        clauses.append({"geo_distance": {"distance": f"{asked.circle.radius_km}km", "location": place}})
    return clauses


def _in_districts(codes: tuple[str, ...]) -> Query:
    """Of the catchment; a region's offer without one never counts as being for everywhere."""
    return {"terms": {"districts": list(codes)}}


def _statewide() -> Query:
    return {"terms": {"scope": _STATEWIDE}}


def _speaks(tag: str) -> Query:
    """A wider tag takes the narrower ones in: "zh" finds "zh-Hant"."""
    return _any_of({"term": {"consultation_languages": tag}}, {"prefix": {"consultation_languages": f"{tag}-"}})


def _any_of(*clauses: Query) -> Query:
    return {"bool": {"should": list(clauses), "minimum_should_match": 1}}


def _order(question: Question) -> list[Any]:
    """Ties are broken by the key, so that the same index always gives the same order."""
    if question.asks_for_all:
        return [{"_score": "desc"}, {"update_time": "desc"}, {"key": "asc"}]
    return [{"_score": "desc"}, {"key": "asc"}]


def _raised(question: Question) -> list[Query]:
    """Facts that matter to people, and words that German offers use for the topics, as scores on top.

    They order what matches: none of them makes an offer one that is found or counted.
    """
    raised = [_in_parts(word, weight * _WORD_BOOST) for word, weight in question.german_words]
    here_codes = question.districts or question.filter.district_codes
    if here_codes:
        here = _constant(_in_districts(here_codes), _IN_DISTRICT_SCORE)
        raised.append({"dis_max": {"queries": [here, _constant(_statewide(), _STATEWIDE_SCORE)]}})
    elif not (question.asks_for_all or question.filter.circle):
        raised.append(_constant(_statewide(), _ANYWHERE_SCORE))
    if question.audience:
        raised.append(_constant({"term": {"audiences": question.audience}}, _AUDIENCE_SCORE))
    if not question.asks_for_all:
        confirmed = {"range": {"review_due": {"gte": question.today.isoformat()}}}
        raised += [_constant(confirmed, _CONFIRMED_SCORE), _open_above_full()]
    return raised


def _open_above_full() -> Query:
    is_open = _constant({"terms": {"free_places": [FREE, NOT_STATED]}}, _OPEN_SCORE)
    return {"dis_max": {"queries": [is_open, _constant({"term": {"free_places": WAITING_LIST}}, _WAITING_SCORE)]}}


def _matching(question: Question, *, named: bool = False) -> Query:
    """At least one of these must hold; `named` marks the clause of the question's own words."""
    words = _words(question)
    if words and named:
        next(iter(words.values()))["_name"] = WORDS
    return _any_of(*([words] if words else []), *_of_topics(question))


def _words(question: Question) -> Query:
    """Look for the question's own words; empty when it has none."""
    if not (question.words or question.folded):
        return {}
    if question.literal_only:
        return _literal(question)
    return {"dis_max": {"tie_breaker": 0.2, "queries": _loose(question)}}


def _literal(question: Question) -> Query:
    """All words somewhere in the offer, or the whole text as a phrase of a title or a partner's name."""
    phrase = {
        "multi_match": {
            "query": question.words,
            "type": "phrase",
            "fields": [*(f"title.{language}^2" for language in question.languages), "partner^2"],
        }
    }
    every = [_every(folded) for folded in (question.folded, question.typed) if folded]
    return {"dis_max": {"queries": [*every, phrase]}}


def _every(folded: str) -> Query:
    return {"match": {"folded": {"query": folded, "operator": "and"}}}


def _loose(question: Question) -> list[Query]:
    """Most words, as each language's analyzer reads them, and folded for every language and spelling."""
    needed = {"type": "best_fields", "tie_breaker": 0.3, "minimum_should_match": _MOST_WORDS_NEEDED}
    analysed = {"query": question.words, "fields": [*_text_fields(question.languages), "partner^1.5"], **needed}
    folded = {"query": question.folded, "fields": ["folded_title^2", "folded"], **needed}
    queries: list[Query] = [{"multi_match": analysed}, {"multi_match": folded}]
    if question.names:
        queries.append(_named(question.names))
    if question.typed:
        queries.append(_every(question.typed))
    if question.fuzzy:
        # The first letter must be right and few spellings are tried: each tried one is a clause.
        limits = {"fuzziness": "AUTO:4,8", "prefix_length": 1, "max_expansions": _FUZZY_EXPANSIONS, "boost": 0.5}
        queries.append({"multi_match": {**folded, **limits}})
    if question.german_parts:
        queries.append(_in_parts(question.german_parts, _PARTS_BOOST))
    return queries


def _named(names: str) -> Query:
    every = {"query": names, "operator": "and", "boost": _NAME_BOOST}
    return {"dis_max": {"queries": [{"match": {field: every}} for field in ("partner", "folded_title")]}}


def _text_fields(languages: tuple[str, ...]) -> list[str]:
    return [
        f"{field}.{language}{weight}"
        for language in languages
        for field, weight in (("title", "^3"), ("summary", "^1.5"), ("description", ""))
    ]


def _of_topics(question: Question) -> list[Query]:
    """Offers that have a topic, as sure as it is of them."""
    if not question.topics:
        return []
    by_topic: list[Query] = [
        {"rank_feature": {"field": f"topic_weights.{topic}", "linear": {}, "boost": weight * _TOPIC_SCORE}}
        for topic, weight in question.topics
    ]
    return [{"dis_max": {"tie_breaker": _FURTHER_TOPICS, "queries": by_topic}}]


def _in_parts(words: str, boost: float) -> Query:
    """Words of a German text or of its compounds; a word of the title is one of the text and counts more."""
    fields = ["parts_title^1.5", "parts_text"]
    return {"multi_match": {"query": words, "type": "most_fields", "fields": fields, "boost": boost}}


def _constant(query: Query, score: float) -> Query:
    return {"constant_score": {"filter": query, "boost": score}}


def _highlight(question: Question, words: Query) -> Query:
    """Mark words in whole texts, with characters that stand in no text; the query of the words alone decides."""
    languages = dict.fromkeys((*question.languages, "de"))
    fields = [f"{name}.{language}" for name in ("title", "summary", "description") for language in languages]
    return {
        "type": "unified",
        "number_of_fragments": 0,
        "pre_tags": [OPENING],
        "post_tags": [CLOSING],
        "require_field_match": True,
        "highlight_query": words,
        "fields": {field: {} for field in (*fields, "partner")},
    }
