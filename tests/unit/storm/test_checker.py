"""The checker of the kill storm finds every bug that is planted, and none where there is none."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.storm.checker import check
from tests.support.storm.facts import Change, Copy, Evidence, Owned, Reader
from tests.support.storm.findings import Fault
from tests.support.storm.history import Call, Operation, Outcome, Place, Result, Sighting

LIVE: Place = ("dresden", "offer", "live")
GONE: Place = ("dresden", "offer", "gone")
DRAFT: Place = ("leipzig", "offer", "draft")
PARTNER: Place = ("dresden", "partner", "centre")

Plant = Callable[[Evidence], Evidence]


def call(number: int, place: Place, action: str, revision: int, result: Result = Result.OK) -> Call:
    """A write whose marker is "m" and its number."""
    operation = Operation(number, f"request-{number}", place, action, f"m{number}")
    return Call(operation, Outcome(result, revision if result is Result.OK else 0))


CALLS = (
    call(1, PARTNER, "create", 1),
    call(2, LIVE, "create", 1),
    call(3, LIVE, "publish", 2),
    call(4, LIVE, "update", 3),
    call(5, LIVE, "update", 0, Result.REFUSED),
    call(6, LIVE, "update", 0, Result.UNKNOWN),  # was done
    call(7, LIVE, "pause", 0, Result.UNKNOWN),  # was not done
    call(8, GONE, "create", 1),
    call(9, GONE, "publish", 2),
    call(10, GONE, "delete", 3),
    call(11, DRAFT, "create", 1),
)
OWNED = (
    Owned(PARTNER, 1, "m1", 7, False, b"", False, (Change(1, "create", "m1"),)),
    Owned(
        *(LIVE, 4, "m6", 9, False, b"entry of m6", True),
        (Change(1, "create", "m2"), Change(2, "publish", "m2"), Change(3, "update", "m4"), Change(4, "update", "m6")),
    ),
    Owned(
        *(GONE, 3, "m8", 5, True, b"", False),
        (Change(1, "create", "m8"), Change(2, "publish", "m8"), Change(3, "delete", "m8")),
    ),
    Owned(DRAFT, 1, "m11", 0, False, b"", False, (Change(1, "create", "m11"),)),
)
BOOKS = {PARTNER: Copy(7, False, b""), LIVE: Copy(9, False, b"entry of m6"), GONE: Copy(5, True, b"")}
READER = Reader(
    name="sachsen",
    books=BOOKS,
    engine={LIVE: BOOKS[LIVE], GONE: BOOKS[GONE]},
    answers={LIVE: b"entry of m6"},
    found=frozenset({LIVE}),
    found_total=1,
)
SEEN = tuple(
    Sighting("sachsen", place, revision) for place, revision in ((LIVE, 2), (LIVE, 4), (GONE, 2), (GONE, None))
)
HEALTHY = Evidence(CALLS, {record.place: record for record in OWNED}, (READER,), SEEN, {"dresden to hub": 0})


def reader(**changes: object) -> Plant:
    """Change what the search holds or says."""
    return lambda evidence: replace(evidence, readers=(replace(READER, **changes),))  # type: ignore[arg-type]


def owner(place: Place, **changes: object) -> Plant:
    """Change what the owner's database holds of a record."""

    def plant(evidence: Evidence) -> Evidence:
        record = replace(evidence.owned[place], **changes)  # type: ignore[arg-type]
        return replace(evidence, owned={**evidence.owned, place: record})

    return plant


def history_of(place: Place, *more: Change, without: int = 0) -> Plant:
    """Add changes to a record's history in its owner's database, or take one away."""
    kept = [change for change in HEALTHY.owned[place].changes if change.revision != without]
    changes = (*kept, *more)
    texts = [change.marker for change in changes if change.action in {"create", "update"}]
    return owner(place, changes=changes, revision=changes[-1].revision, marker=texts[-1])


def calls(*more: Call) -> Plant:
    """Add calls."""
    return lambda evidence: replace(evidence, calls=(*CALLS, *more))


def sightings(*more: Sighting) -> Plant:
    """Add what readers were shown."""
    return lambda evidence: replace(evidence, sightings=(*SEEN, *more))


PLANTED: dict[str, tuple[Fault, Plant]] = {
    "an acknowledged write is not in the history": (Fault.LOST, history_of(LIVE, without=3)),
    "the last acknowledged write is not in the history": (Fault.LOST, history_of(GONE, without=3)),
    "an acknowledged record is not there at all": (
        Fault.LOST,
        lambda evidence: replace(evidence, owned={p: r for p, r in evidence.owned.items() if p != DRAFT}),
    ),
    "an acknowledged write stands under another's marker": (
        Fault.LOST,
        owner(DRAFT, changes=(Change(1, "create", "m99"),), marker="m99"),
    ),
    "two acknowledged writes share one effect": (Fault.LOST, calls(call(12, GONE, "delete", 3))),
    "a record's text is older than its history": (Fault.LOST, owner(LIVE, marker="m4")),
    "a request acted twice": (Fault.DOUBLE, history_of(LIVE, Change(5, "update", "m4"))),
    "an unknown request acted twice": (Fault.DOUBLE, history_of(LIVE, Change(5, "update", "m6"))),
    "a step acted twice": (Fault.DOUBLE, history_of(GONE, Change(4, "undelete", "m8"), Change(5, "delete", "m8"))),
    "a refused request acted": (Fault.DOUBLE, history_of(LIVE, Change(5, "update", "m5"))),
    "a deleted offer is live in a search's books": (Fault.REVIVED, reader(books={**BOOKS, GONE: Copy(5, False, b"x")})),
    "a deleted offer is live under its old version": (
        Fault.REVIVED,
        reader(books={**BOOKS, GONE: Copy(4, False, b"x")}),
    ),
    "a deleted offer is live in the engine": (
        Fault.REVIVED,
        reader(engine={LIVE: BOOKS[LIVE], GONE: Copy(4, False, b"x")}),
    ),
    "GetOffer shows a deleted offer": (Fault.REVIVED, reader(answers={LIVE: b"entry of m6", GONE: b"x"})),
    "SearchOffers finds a deleted offer": (Fault.REVIVED, reader(found=frozenset({LIVE, GONE}), found_total=2)),
    "a search has an old version": (Fault.OLD, reader(books={**BOOKS, LIVE: Copy(8, False, b"entry of m4")})),
    "the engine has an old version": (Fault.OLD, reader(engine={LIVE: Copy(8, False, b"x"), GONE: BOOKS[GONE]})),
    "an old partner stands in an offer's entry": (
        Fault.DIFFERENT,
        reader(engine={LIVE: Copy(9, False, b"entry of m6 with an old partner"), GONE: BOOKS[GONE]}),
    ),
    "GetOffer shows another entry": (Fault.DIFFERENT, reader(answers={LIVE: b"entry of m4"})),
    "a search never heard of an offer": (Fault.LOST, reader(books={PARTNER: BOOKS[PARTNER], GONE: BOOKS[GONE]})),
    "a tombstone never arrived": (Fault.LOST, reader(engine={LIVE: BOOKS[LIVE]})),
    "a partner never arrived": (Fault.LOST, reader(books={LIVE: BOOKS[LIVE], GONE: BOOKS[GONE]})),
    "a live offer is held for deleted": (Fault.LOST, reader(books={**BOOKS, LIVE: Copy(9, True, b"")})),
    "GetOffer does not know a live offer": (Fault.LOST, reader(answers={})),
    "SearchOffers does not find a live offer": (Fault.LOST, reader(found=frozenset(), found_total=0)),
    "SearchOffers counts one too many": (Fault.DIFFERENT, reader(found_total=2)),
    "a draft is shown": (Fault.DIFFERENT, reader(answers={LIVE: b"entry of m6", DRAFT: b"x"})),
    "a search holds what nobody owns": (
        Fault.DIFFERENT,
        reader(books={**BOOKS, ("dresden", "offer", "nobody's"): Copy(1, False, b"x")}),
    ),
    "a search went back to an old version": (Fault.OLD, sightings(Sighting("sachsen", LIVE, 3))),
    "a search showed a deleted offer again": (Fault.REVIVED, sightings(Sighting("sachsen", GONE, 2))),
    "something waits in an outbox": (Fault.UNSENT, lambda evidence: replace(evidence, unsent={"dresden to hub": 1})),
}


def test_a_run_without_faults_has_no_findings() -> None:
    assert check(HEALTHY) == []


@pytest.mark.parametrize("bug", PLANTED)
def test_the_checker_finds_a_planted_bug(bug: str) -> None:
    fault, plant = PLANTED[bug]
    assert fault in {found.fault for found in check(plant(HEALTHY))}


def test_an_unknown_write_may_be_done_or_not() -> None:
    assert check(history_of(LIVE, without=4)(replace(HEALTHY, readers=()))) == []


def test_an_undeleted_offer_may_be_shown_again_as_something_newer() -> None:
    assert check(sightings(Sighting("sachsen", GONE, 4))(HEALTHY)) == []


def test_each_reader_is_watched_on_its_own() -> None:
    assert check(sightings(Sighting("dresden", LIVE, 3))(HEALTHY)) == []
