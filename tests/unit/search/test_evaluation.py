"""Judging: sets are read line by line, figures agree with a calculation by hand, a miss becomes a line of a set."""

import json
import math
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.node.cli.evaluation import evaluate
from services.node.cli.target import CliError
from services.search.domain.questions import AskedConcept, Question
from services.search.evaluation.evaluation_index import Answer
from services.search.evaluation.measures import figures, ndcg_at, recall_at, success_at
from services.search.evaluation.own import SETS, add_query
from services.search.evaluation.records import SetError, SetOffer, SetQuery, read_offers, read_queries
from services.search.evaluation.running import SWITCHES, judged, judged_answers, misses
from services.search.understanding.model import Understanding

UNDERSTOOD = Understanding("", "", "de", 1.0, (), (), (), None, (), (), abstain=False)
QUESTION = Question(date(2026, 11, 2))


def written(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "set.jsonl"
    file.write_text("\n".join(lines), "utf-8")
    return file


def answer(*ranking: str, abstained: bool = False) -> Answer:
    return Answer(ranking, abstained, UNDERSTOOD, QUESTION)


def test_unknown_fields_and_empty_lines_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    file = written(tmp_path, '\ufeff{"id": "a", "title": "Titel", "topics": ["x"], "site": {"floor": 3}}', "", " ")
    (offer,) = read_offers(file)
    assert (offer.id, offer.title, offer.scope, offer.catchment) == ("a", "Titel", "region", ())
    (query,) = read_queries(written(tmp_path, '{"id": "q", "query": "wo?", "expected": [1]}'))
    assert (query.query, query.lang, query.intents) == ("wo?", "und", ())


def test_what_only_helps_is_left_out_in_another_form_rather_than_refused(tmp_path: Path) -> None:
    (offer,) = read_offers(
        written(
            tmp_path,
            '{"id": 7, "title": "x", "text": null, "partner": null, "scope": "world", "catchment": ["14612", "14"],'
            ' "audience": "person", "consultation_languages": null, "format": {"a": 1}, "cost": {"kind": "free"},'
            ' "site": {"city": null, "postcode": 1067, "district_code": "14713"}}',
        )
    )
    assert (offer.id, offer.text, offer.catchment, offer.audience) == ("7", "", ("14612",), ("person",))
    assert (offer.format, offer.cost, offer.consultation_languages) == ((), "", ())
    assert offer.site is not None
    assert offer.site.district_code == "14713"
    (query,) = read_queries(written(tmp_path, '{"id": "q", "query": "wo?", "lang": null, "slices": {"a": 1}}'))
    assert (query.lang, query.slices) == ("und", ())


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('{"id": "a"}', "title"),
        ('{"id": "", "title": "x"}', "id"),
        ('{"id": "a", "title": ["x"]}', "title"),
        ('{"id": "a", "title": "x", "site": 7}', "site"),
        ('{"id": "a", "title": ', ""),
        ('["a"]', ""),
    ],
)
def test_a_bad_line_is_named_by_file_line_and_field_and_not_repeated(tmp_path: Path, line: str, field: str) -> None:
    file = written(tmp_path, '{"id": "good", "title": "x"}', "", line)
    with pytest.raises(SetError) as refused:
        read_offers(file)
    assert str(refused.value).startswith(f"set.jsonl, line 3: {field + ': ' if field else ''}")
    assert str(tmp_path) not in str(refused.value)


def test_an_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    line = '{"id": "q", "query": "wo?"}'
    with pytest.raises(SetError, match="'q' stands twice"):
        read_queries(written(tmp_path, line, line))


def test_a_file_that_is_missing_or_no_text_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(SetError, match=r"^nothing\.jsonl: cannot be read"):
        read_queries(tmp_path / "nothing.jsonl")
    (tmp_path / "set.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SetError, match=r"^set\.jsonl: cannot be read"):
        read_offers(tmp_path / "set.jsonl")


def test_success_and_recall_count_what_stands_among_the_first() -> None:
    ranking, relevant = ["a", "b", "c", "d", "e", "f"], {"c", "f", "x"}
    assert [success_at(ranking, relevant, k) for k in (1, 2, 3)] == [0.0, 0.0, 1.0]
    assert recall_at(ranking, relevant, 5) == pytest.approx(1 / 3)
    assert recall_at(ranking, {"a", "b", "c"}, 2) == 1.0
    assert recall_at(ranking, set(), 5) == 0.0


def test_discounted_gain_agrees_with_a_calculation_by_hand() -> None:
    # Right ones at places 2 and 4 of two: (1/log2 3 + 1/log2 5) / (1/log2 2 + 1/log2 3) = 1.0616 / 1.6309.
    assert ndcg_at(["x", "a", "y", "b"], {"a", "b"}) == pytest.approx(0.6509, abs=1e-4)
    assert ndcg_at(["a"], {"a", "b"}) == pytest.approx(1 / (1 + 1 / math.log2(3)))
    assert ndcg_at(["b", "a", "x"], {"a", "b"}) == 1.0
    assert ndcg_at([f"x{place}" for place in range(10)] + ["a"], {"a"}) == 0.0
    assert ndcg_at([], {"a"}) == ndcg_at(["a"], set()) == 0.0


def test_figures_are_means_over_questions_that_have_an_answer() -> None:
    found = figures({"one": ["a"], "two": ["x", "y", "z", "b"]}, {"one": {"a"}, "two": {"b"}, "none": set()})
    assert found.queries == 2
    assert (found.success_at_1, found.success_at_3, found.recall_at_5) == (0.5, 0.5, 1.0)
    assert found.as_json()["nDCG@10"] == pytest.approx((1 + 1 / math.log2(5)) / 2, abs=1e-4)
    assert figures({}, {"none": set()}).queries == 0
    assert figures({}, {"unasked": {"a"}}).success_at_3 == 0.0


OFFERS = [SetOffer(id="a", title="A", intents=("tax",)), SetOffer(id="b", title="B", intents=("housing", "arrival"))]
QUERIES = [
    SetQuery(id="q1", query="1", lang="de", intents=("tax",), slices=("typo",)),
    SetQuery(id="q2", query="2", lang="uk", intents=("arrival",)),
    SetQuery(id="q3", query="3", lang="uk", intents=("tax",)),
    SetQuery(id="q4", query="4", lang="en"),
    SetQuery(id="q5", query="5", lang="en"),
]
FOUND = {
    "q1": answer("a"),
    "q2": answer("a", "b"),
    "q3": answer(abstained=True),
    "q4": answer(abstained=True),
    "q5": answer("a"),
}


def test_a_system_is_judged_overall_by_language_by_slice_and_out_of_scope() -> None:
    result = judged_answers("ours", FOUND, QUERIES, OFFERS)
    assert result.overall.queries == 3
    assert result.overall.success_at_1 == pytest.approx(1 / 3)
    assert result.not_german.success_at_3 == 0.5
    assert {name: part.success_at_3 for name, part in result.by_language.items()} == {"de": 1.0, "uk": 0.5}
    assert list(result.by_slice) == ["typo"]
    assert (result.out_of_scope, result.out_of_scope_abstained, result.abstained) == (2, 1, 1)
    lines = list(result.lines())
    assert [line["part"] for line in lines] == ["all", "not German", "language de", "language uk", "slice typo"]
    assert json.loads(json.dumps(lines)) == lines


def test_a_baseline_that_never_abstains_is_judged_by_its_rankings_alone() -> None:
    result = judged("bm25", {"q1": ("a",), "q4": ("b",)}, (), QUERIES, OFFERS)
    assert result.overall.success_at_1 == pytest.approx(1 / 3)
    assert (result.out_of_scope, result.out_of_scope_abstained, result.abstained) == (2, 0, 0)


def test_misses_are_questions_without_a_right_offer_in_front_and_answers_out_of_scope() -> None:
    assert [query.id for query, _ in misses(FOUND, QUERIES, OFFERS)] == ["q3", "q5"]
    assert [query.id for query, _ in misses(FOUND, QUERIES, OFFERS, depth=1)] == ["q2", "q3", "q5"]


def test_each_switch_takes_away_what_it_names_and_nothing_else() -> None:
    full = Question(
        date(2026, 11, 2),
        words="Wohnungssuche",
        folded="wohnungssuche",
        languages=("uk", "de"),
        concepts=(AskedConcept("housing", 0.5, "Wohnung"),),
        topics=(("housing", 1.0), ("arrival", 0.5)),
        german_words=(("wohnung", 1.0),),
        german_parts="wohnung suche",
        districts=("14612",),
        audience="AUDIENCE_PERSON",
    )
    taken: dict[str, dict[str, Any]] = {
        "words only": {"concepts": (), "topics": (), "german_words": ()},
        "no neighbours": {"topics": (("housing", 1.0),)},
        "no German words": {"german_words": ()},
        "no compounds": {"german_parts": ""},
    }
    assert set(SWITCHES) == set(taken)
    for name, changes in taken.items():
        assert SWITCHES[name](full) == replace(full, **changes)


def test_a_miss_becomes_a_line_of_the_development_half_once(tmp_path: Path) -> None:
    file = written(tmp_path, '{"id": "q", "query": "wo?"}', "")
    added = add_query(file, "  Моя зарплата  ", "uk", ("unpaid-wages",), ("typo",))
    assert read_queries(file)[1] == added
    assert (added.query, added.lang, added.half, added.slices) == ("Моя зарплата", "uk", "development", ("typo",))
    assert added.id == add_query(written(tmp_path, ""), "Моя зарплата", "uk", ()).id
    with pytest.raises(SetError, match="in the set already"):
        add_query(file, "Моя зарплата", "uk", ())
    with pytest.raises(SetError, match="empty"):
        add_query(file, " \n", "uk", ())


def test_a_file_that_does_not_end_with_a_new_line_stays_one_question_a_line(tmp_path: Path) -> None:
    file = written(tmp_path, '{"id": "q", "query": "wo?"}')
    add_query(file, "wann?", "de", ())
    assert [query.query for query in read_queries(file)] == ["wo?", "wann?"]


@pytest.mark.parametrize("name", SETS)
def test_each_own_set_is_large_and_every_intent_asked_for_has_an_offer(name: str) -> None:
    offers_file, queries_file = SETS[name]
    offers, queries = read_offers(offers_file), read_queries(queries_file)
    assert len(queries) >= 400
    assert len({query.lang for query in queries}) >= 24
    assert {query.half for query in queries} == {"development", "test"}
    known = {intent for offer in offers for intent in offer.intents}
    assert {intent for query in queries for intent in query.intents} <= known
    assert len({query.query for query in queries}) == len(queries)


def test_a_set_or_a_half_that_there_is_not_is_refused_with_those_there_are() -> None:
    with pytest.raises(CliError, match="--set is first or second"):
        evaluate(own="third")
    with pytest.raises(CliError, match="--half is development, test or both"):
        evaluate(half="both halves")
