"""Which counters are recommended, in which order, and why."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referral.domain.districts import NEIGHBOURS
from services.referral.domain.referral import Prerequisite
from services.referral.domain.routing import (
    Candidate,
    Counter,
    Nearness,
    Obstacle,
    Question,
    ReasonKind,
    Scope,
    missing_steps,
    nearness,
    route,
)
from services.referral.domain.values import Audience, Fact
from services.referral.domain.wording import said

DRESDEN, MEISSEN, LEIPZIG = "14612", "14627", "14713"
QUESTION = Question("Diplom", ("recognition",), DRESDEN, "uk-UA", Audience.PERSON)


def counter(name: str, **fields: object) -> Counter:
    plain = Counter(
        offer=f"regions/leipzig/offers/{name}",
        region="leipzig",
        topics=frozenset({"recognition"}),
        found_topics=frozenset(),
        audiences=frozenset({Audience.PERSON}),
        scope=Scope.REGION,
        hotline=False,
        published=True,
        districts=frozenset({DRESDEN}),
        spoken=frozenset(),
        interpreted=frozenset(),
        prerequisites=(),
        why=(),
        entry=b"",
    )
    return replace(plain, **fields)  # type: ignore[arg-type]  # fields of the class


LOCAL = counter("local")
NEIGHBOUR = counter("neighbour", districts=frozenset({MEISSEN}))
STATEWIDE = counter("statewide", scope=Scope.SAXONY, districts=frozenset())
FAR = counter("far", districts=frozenset({LEIPZIG}))
HOTLINE = counter("hotline", scope=Scope.SAXONY, districts=frozenset(), hotline=True, topics=frozenset())


def names(candidates: list[Candidate]) -> list[str]:
    return [one.counter.offer.rpartition("/")[2] for one in candidates]


@pytest.mark.parametrize("order", list(permutations([LOCAL, NEIGHBOUR, STATEWIDE, FAR])))
def test_local_comes_before_neighbouring_before_statewide_and_far_ones_are_left_out(order: list[Counter]) -> None:
    found = route(QUESTION, order, [HOTLINE], (), 5)
    assert names(found) == ["local", "neighbour", "statewide", "hotline"]
    assert [one.fallback for one in found] == [False, False, False, True]


def test_a_hard_missing_step_puts_a_counter_behind_those_without() -> None:
    blocked = replace(LOCAL, offer="regions/x/offers/blocked", prerequisites=(Prerequisite("step", "started", True),))
    assert names(route(QUESTION, [blocked, NEIGHBOUR], [HOTLINE], (), 5)) == ["neighbour", "blocked", "hotline"]
    advised = replace(blocked, prerequisites=(Prerequisite("step", "started", False),))
    assert names(route(QUESTION, [advised, NEIGHBOUR], [HOTLINE], (), 5)) == ["blocked", "neighbour", "hotline"]


def test_a_topic_of_the_publisher_counts_more_than_one_found_by_machine_and_that_more_than_none() -> None:
    found = counter("found", topics=frozenset(), found_topics=frozenset({"recognition"}))
    neither = counter("neither", topics=frozenset({"housing"}))
    assert names(route(QUESTION, [neither, found, LOCAL], [], (), 5)) == ["local", "found", "neither"]


def test_of_equals_the_one_that_speaks_the_language_comes_first() -> None:
    spoken, interpreted = counter("spoken", spoken=frozenset({"uk"})), counter("int", interpreted=frozenset({"uk"}))
    assert names(route(QUESTION, [LOCAL, interpreted, spoken], [], (), 5)) == ["spoken", "int", "local"]


def test_excluded_private_and_foreign_audiences_are_left_out() -> None:
    private = counter("private", published=False)
    companies = counter("companies", audiences=frozenset({Audience.COMPANY}))
    assert route(QUESTION, [private, companies, LOCAL], [HOTLINE], (LOCAL.offer, HOTLINE.offer), 5) == []


def test_the_fallback_comes_on_top_of_the_limit_and_only_once() -> None:
    found = route(QUESTION, [HOTLINE, LOCAL, NEIGHBOUR], [HOTLINE], (), 1)
    assert names(found) == ["local", "hotline"]
    assert found[-1].reasons[0].kind is ReasonKind.FALLBACK
    without = route(QUESTION, [LOCAL, STATEWIDE], [], (), 5)
    assert [(one, done.fallback) for one, done in zip(names(without), without, strict=True)] == [
        ("local", False),
        ("statewide", True),
    ]


@given(
    st.lists(st.sampled_from([LOCAL, NEIGHBOUR, STATEWIDE, FAR, HOTLINE]), max_size=8),
    st.lists(st.sampled_from([STATEWIDE, HOTLINE]), max_size=2),
    st.integers(0, 5),
)
def test_there_is_always_exactly_one_fallback_where_anything_statewide_is_known(
    found: list[Counter], statewide: list[Counter], most: int
) -> None:
    candidates = route(QUESTION, found, statewide, (), most)
    offers = [one.counter.offer for one in candidates]
    assert len(set(offers)) == len(offers)
    known = bool(statewide) or bool({STATEWIDE, HOTLINE} & set(found))
    assert [one.fallback for one in candidates].count(True) == int(known)
    assert len(candidates) <= most + int(known)


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        ((), ("a", "b")),
        ((Fact("a", "started"),), ("b",)),
        ((Fact("a", "decided"), Fact("b", "started")), ("b",)),
        ((Fact("a", "decided"), Fact("b", "decided")), ()),
        ((Fact("a", "b1"),), ("a", "b")),
        ((Fact("b", "started"), Fact("b", "decided"), Fact("a", "started")), ()),
    ],
)
def test_a_step_is_missing_until_it_has_come_so_far(facts: tuple[Fact, ...], missing: tuple[str, ...]) -> None:
    wanted = (Prerequisite("b", "decided", False), Prerequisite("a", "started", True))
    assert tuple(step.topic for step in missing_steps(wanted, facts)) == missing


def test_a_topic_that_is_asked_for_twice_is_named_once_and_is_hard_if_either_is() -> None:
    wanted = (Prerequisite("a", "started", False), Prerequisite("a", "decided", True))
    assert missing_steps(wanted, ()) == (Obstacle("a", True),)


def test_borders_run_both_ways_and_every_district_has_some() -> None:
    assert len(NEIGHBOURS) == 13
    assert all(one in NEIGHBOURS[other] for one, others in NEIGHBOURS.items() for other in others)
    assert all(code not in others for code, others in NEIGHBOURS.items())


def test_without_a_district_nothing_is_near_or_far() -> None:
    assert nearness(LOCAL, "") is Nearness.UNKNOWN
    assert nearness(STATEWIDE, "") is Nearness.STATEWIDE


@pytest.mark.parametrize("language", ["", "de", "de-AT", "en", "uk"])
def test_every_reason_can_be_said(language: str) -> None:
    speaking = [counter("a", spoken=frozenset({"uk"})), counter("b", interpreted=frozenset({"uk"}), why=("Passt",))]
    for candidate in route(QUESTION, [*speaking, NEIGHBOUR, STATEWIDE], [HOTLINE], (), 20):
        for reason in candidate.reasons:
            text = said(reason, language)
            assert text.endswith(".") or reason.kind is ReasonKind.FOUND
            german = language in {"", "de", "de-AT"}
            assert (text in {said(reason, "de")}) == german or reason.kind is ReasonKind.FOUND
