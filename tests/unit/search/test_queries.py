"""From a question to a request body: nothing typed is syntax, and what must hold stands in the filter."""

import json
from datetime import date

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
    full = OfferFilter(("a",), ("14612",), ("t",), ("p",), ("uk",), ("f",), ("k",), True, Circle(51.0, 13.0, 5))
    assert len(filters(Question(TODAY, filter=full))) == 4 + 9


def test_when_nothing_was_understood_all_words_must_be_there() -> None:
    question = Question(TODAY, "zwei Wörter", "zwei worter", literal_only=True)
    asked = json.dumps(ranking_body(question))
    assert '"operator": "and"' in asked
    assert 'minimum_should_match": "2<70%' not in asked
    assert "fuzziness" not in asked


def test_a_topic_weighs_more_when_the_publisher_set_it() -> None:
    question = Question(TODAY, concepts=(AskedConcept("recognition", 0.5, "Anerkennung"),))
    (either, _label) = ranking_body(question)["query"]["bool"]["must"][0]["bool"]["should"]
    published, automatic = (one["constant_score"]["boost"] for one in either["dis_max"]["queries"])
    assert published > automatic > 0


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
