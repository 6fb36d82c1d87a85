"""From a question to a request body: nothing typed is syntax, and what must hold stands in the filter."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.names import RegionId
from services.search.adapters.analysis import ANALYZERS, field_language
from services.search.adapters.mapping import FINGERPRINT, PROPERTIES, index_body
from services.search.adapters.opensearch import msearch_body
from services.search.adapters.queries import facets_body, filters, offers_body, ranking_body
from services.search.domain.questions import AskedConcept, Circle, FacetField, OfferFilter, Question
from services.search.domain.words import MOST_WORDS, bounded_words

TODAY = date(2026, 11, 2)
PARSED = {"query_string", "simple_query_string", "regexp", "wildcard", "script", "script_score"}


def keys_of(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


def values_of(value: object, key: str) -> list[Any]:
    """Give what stands under `key` anywhere."""
    if isinstance(value, dict):
        return [found for name, one in value.items() for found in ([one] if name == key else values_of(one, key))]
    return [found for one in value for found in values_of(one, key)] if isinstance(value, list) else []


@given(st.text(max_size=400), st.booleans(), st.booleans())
def test_whatever_is_typed_only_match_queries_read_it(typed: str, literal: bool, fuzzy: bool) -> None:
    words = bounded_words(typed)
    question = Question(TODAY, words, words, ("de", "und"), literal_only=literal, fuzzy=fuzzy and not literal)
    for body in (
        ranking_body(question),
        offers_body(question, ["dresden/a"]),
        facets_body(question, tuple(FacetField)),
    ):
        assert not keys_of(body) & PARSED
        lines = msearch_body([body]).decode().removesuffix("\n").split("\n")
        assert lines[0] == "{}"
        assert json.loads(lines[1]) == body


def test_german_words_of_the_topics_raise_offers_and_never_make_one_that_is_found_or_counted() -> None:
    question = Question(TODAY, "a", "a", topics=(("housing", 1.0),), german_words=(("wohnung", 0.5),))
    for body in (ranking_body(question), offers_body(question, ["dresden/a"])):
        raising = body["query"]["bool"].pop("should")
        assert "wohnung" in json.dumps(raising)
        assert "wohnung" not in json.dumps(body)
    assert "wohnung" not in json.dumps(facets_body(question, tuple(FacetField)))


def scores_of(question: Question) -> list[float]:
    """Give the scores of being state-wide: alone, or beside being in the district."""
    text = json.dumps(ranking_body(question)["query"]["bool"]["should"])
    return [score for score in (2.5, 14.0, 20.0) if f'"boost": {score}' in text and "OFFER_SCOPE_SAXONY" in text]


def test_state_wide_offers_come_first_only_while_nobody_knows_where_the_caller_is() -> None:
    asked = Question(TODAY, "a", "a")
    nearby = OfferFilter(circle=Circle(51.0, 13.7, 20))
    assert scores_of(asked) == [2.5]
    assert 14.0 in scores_of(replace(asked, districts=("14612",)))
    assert 14.0 in scores_of(replace(asked, filter=OfferFilter(district_codes=("14612",))))
    assert scores_of(replace(asked, filter=nearby)) == []


def test_words_read_another_way_are_looked_for_as_typed_too() -> None:
    question = Question(TODAY, "привет", "привет", typed="ghbdtn")
    assert {"query": "ghbdtn", "operator": "and"} in values_of(ranking_body(question), "folded")


@given(st.text(max_size=2_000))
def test_words_are_few_and_plain(typed: str) -> None:
    words = bounded_words(typed).split(" ")
    assert len(words) <= MOST_WORDS
    assert not any(set(word) & set('*?"():/\\<>=~^[]{}&|!+') for word in words)


def test_a_text_without_spaces_keeps_its_beginning() -> None:
    assert bounded_words("中" * 400) == "中" * MOST_WORDS
    assert bounded_words("eins eins zwei") == "eins zwei"
    assert bounded_words("😀 *:* …") == ""


def test_every_search_is_limited_to_what_is_public_today() -> None:
    clauses = filters(Question(TODAY, hidden_regions=(RegionId("left"),)))
    assert {"term": {"deleted": False}} in clauses
    assert {"term": {"state": "OFFER_STATE_PUBLISHED"}} in clauses
    assert {"range": {"valid_from": {"lte": "2026-11-02"}}} in clauses
    assert {"range": {"valid_until": {"gte": "2026-11-02"}}} in clauses
    assert {"bool": {"must_not": {"terms": {"region": ["left"]}}}} in clauses
    question = Question(TODAY, "wort", "wort")
    for body in (ranking_body(question), offers_body(question, ["a/b"]), facets_body(question, ())):
        assert all(clause in body["query"]["bool"]["filter"] for clause in filters(question))


def test_an_empty_filter_narrows_nothing() -> None:
    assert len(filters(Question(TODAY))) == 4


def test_every_field_of_a_filter_becomes_a_clause() -> None:
    full = OfferFilter(("a",), ("14612",), ("t",), ("p",), ("uk",), ("f",), ("k",), True, Circle(51.0, 13.0, 5), True)
    assert len(filters(Question(TODAY, filter=full))) == 4 + 10


def test_when_nothing_was_understood_all_words_must_be_there() -> None:
    question = Question(TODAY, "zwei Wörter", "zwei worter", literal_only=True)
    asked = json.dumps(ranking_body(question))
    assert '"operator": "and"' in asked
    assert 'minimum_should_match": "2<70%' not in asked
    assert "fuzziness" not in asked


def test_a_topic_scores_by_how_surely_it_was_asked_times_how_sure_the_offer_is_of_it() -> None:
    asked = (AskedConcept("recognition", 0.5, "Anerkennung"),)
    question = Question(TODAY, concepts=asked, topics=(("recognition", 1.0), ("work-visa", 0.5)))
    boosts = {clause["field"]: clause for clause in values_of(ranking_body(question), "rank_feature")}
    surely, half = boosts["topic_weights.recognition"], boosts["topic_weights.work-visa"]
    assert surely["boost"] == 2 * half["boost"] > 0
    assert surely["linear"] == half["linear"] == {}


def test_german_words_of_the_topics_are_looked_for_whole_and_in_compounds_by_their_weight() -> None:
    question = Question(TODAY, "a", "a", german_words=(("wohnung", 0.5), ("miete", 0.25)))
    clauses = {one["query"]: one for one in values_of(ranking_body(question), "multi_match")}
    assert clauses["wohnung"]["boost"] == 2 * clauses["miete"]["boost"] > 0
    assert {field.partition("^")[0] for field in clauses["miete"]["fields"]} == {"parts_title", "parts_text"}


def test_every_field_that_is_asked_for_is_in_the_mapping() -> None:
    question = Question(TODAY, "a", "a", tuple(ANALYZERS), districts=("14612",), audience="AUDIENCE_PERSON")
    fields = json.dumps(ranking_body(question))
    for name in ("partner", "folded_title", "folded", "districts", "scope", "audiences", "review_due", "key"):
        assert f'"{name}' in fields
        assert name in PROPERTIES
    assert {field.value for field in FacetField} <= set(PROPERTIES)


@pytest.mark.parametrize(
    ("tag", "field"), [("de", "de"), ("de-AT", "de"), ("zh-Hant", "zh"), ("vi", "und"), ("ckb", "ckb"), ("", "und")]
)
def test_texts_of_a_language_stand_in_its_field(tag: str, field: str) -> None:
    assert field_language(tag) == field


def test_the_index_refuses_fields_it_does_not_know_and_names_its_shape() -> None:
    body = index_body()
    assert body["mappings"]["dynamic"] == "strict"
    assert body["settings"]["index"]["gc_deletes"] == "1d"
    assert len(FINGERPRINT) == 16
