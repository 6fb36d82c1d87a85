"""What a score is made of: clauses get names without changing the query, and their scores add up as the engine adds."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.adapters.queries import WORDS, offers_body
from services.search.adapters.score_parts import with_named_clauses
from services.search.domain.questions import Question

TODAY = date(2026, 11, 2)
NAMES = {"words typed", "compounds", "german words", "district", "state-wide", "audience", "confirmed", "free places"}

LEAVES = st.floats(0, 40).map(lambda score: {"leaf": {"score": score}})
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda clauses: {"bool": {"should": clauses}}),
        st.lists(inner, max_size=2).map(lambda clauses: {"bool": {"must": clauses, "filter": [{"x": {}}]}}),
        st.tuples(st.lists(inner, min_size=1, max_size=4), st.floats(0, 1)).map(
            lambda pair: {"dis_max": {"queries": pair[0], "tie_breaker": pair[1], "boost": 1.5}}
        ),
    ),
    max_leaves=12,
)


def engine_score(query: Mapping[str, Any]) -> float:
    """Score as Lucene's documentation says: a bool adds up, a dis_max counts the others' share."""
    ((kind, body),) = query.items()
    if kind == "leaf":
        return float(body["score"])
    if kind == "bool":
        return sum(map(engine_score, [*body.get("must", []), *body.get("should", [])]))
    scores = sorted(map(engine_score, body["queries"]))
    return float(body["boost"] * (scores[-1] + body["tie_breaker"] * sum(scores[:-1])))


def named_clauses(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        if "_name" in value:
            yield value["_name"], value
        for inner in value.values():
            yield from named_clauses(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from named_clauses(inner)


def without_names(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_names(inner) for key, inner in value.items() if key != "_name"}
    return [without_names(inner) for inner in value] if isinstance(value, list) else value


@given(TREES)
def test_parts_add_up_to_the_score_of_any_composition(query: dict[str, Any]) -> None:
    named, parts = with_named_clauses(query)
    scores = {name: clause["score"] for name, clause in named_clauses(named)}
    found = parts.of(scores)
    assert sum(part.score for part in found) == pytest.approx(engine_score(query), abs=1e-9)
    assert list(found) == sorted(found, key=lambda part: (-part.score, part.name))


FULL = Question(
    TODAY,
    "zwei Wörter",
    "zwei worter",
    topics=(("recognition", 0.9), ("german-course", 0.4)),
    german_words=(("anerkennung", 0.8), ("abschluss", 0.5)),
    german_parts="beruf abschluss",
    fuzzy=True,
    audience="AUDIENCE_COMPANY",
    districts=("14612",),
)


@pytest.mark.parametrize(
    "question",
    [FULL, Question(TODAY, "ein", "ein", literal_only=True), Question(TODAY, districts=("14612",)), Question(TODAY)],
)
def test_naming_leaves_the_query_as_it_is_and_names_each_clause_once(question: Question) -> None:
    query = offers_body(question, ["dresden/a"])["query"]
    named, _ = with_named_clauses(query)
    assert without_names(named) == without_names(query)
    names = [name for name, _ in named_clauses(named)]
    assert len(names) == len(set(names))
    assert (WORDS in names) == (WORDS in [name for name, _ in named_clauses(query)])
    assert [name for name, _ in named_clauses(query)] in ([], [WORDS])


def test_every_clause_of_a_full_question_is_told_by_what_it_looks_at() -> None:
    named, parts = with_named_clauses(offers_body(FULL, ["dresden/a"])["query"])
    # All clauses match, each with another score; the engine's own sum of a dis_max is not looked at.
    scores = {name: 1.0 + place for place, (name, _) in enumerate(named_clauses(named))}
    told = {part.name for part in parts.of(scores)}
    assert "other" not in told
    assert told <= NAMES | {"topic recognition", "topic german-course"}
    assert told >= {"words typed", "compounds", "german words", "audience", "confirmed", "topic recognition"}


def test_what_adds_nothing_is_left_out() -> None:
    query = {"dis_max": {"queries": [{"constant_score": {"filter": {"terms": {field: ["x"]}}}} for field in FIELDS]}}
    named, parts = with_named_clauses(query)
    first, second = (name for name, _ in named_clauses(named))
    assert [(part.name, part.score) for part in parts.of({first: 12.0, second: 8.0})] == [("district", 12.0)]
    assert [(part.name, part.score) for part in parts.of({second: 8.0})] == [("state-wide", 8.0)]
    assert parts.of({}) == ()


FIELDS = ("districts", "scope")
