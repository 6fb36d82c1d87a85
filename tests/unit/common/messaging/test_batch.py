"""Which rows go out together, and what may be forgotten: for any rows and any fate of theirs."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from services.common.db.outbox import OutboxRecord, OutboxRow
from services.common.messaging.batch import Outcome, aggregate_of, outcome_of, pick, runs_without
from services.common.messaging.publishing import Acked, Answer, Rejected
from tests.unit.common.messaging.federation import NOON


@st.composite
def outboxes(draw: st.DrawFn) -> list[OutboxRow]:
    """Draw rows as an outbox has them: rising seq with holes, revisions of each record rising."""
    revisions: dict[str, int] = defaultdict(int)
    rows, seq = [], 0
    for name in draw(st.lists(st.sampled_from("abcd"), max_size=25)):
        seq += draw(st.integers(1, 3))
        revisions[name] += draw(st.integers(1, 2))
        rows.append(OutboxRow(seq, "hub", OutboxRecord("offer", name, 1, revisions[name], False, b"x", NOON)))
    return rows


FATES = st.sampled_from([Acked(9, False), Acked(3, True), Rejected(10077), None])


def fate_of(rows: list[OutboxRow], data: st.DataObject) -> Outcome:
    answers: dict[int, Answer] = {}
    for number in range(len(rows)):
        fate = data.draw(FATES)
        if fate is not None:
            answers[number] = fate
    return outcome_of(rows, answers)


@given(outboxes())
def test_the_newest_of_each_record_goes_out_in_order(rows: list[OutboxRow]) -> None:
    chosen = pick(rows, {}, ())
    assert [row.seq for row in chosen] == sorted(row.seq for row in chosen)
    newest = {aggregate_of(row): row.seq for row in rows}
    assert {aggregate_of(row): row.seq for row in chosen} == newest


@given(outboxes(), st.data())
def test_never_two_of_a_record_and_an_unsettled_one_goes_first(rows: list[OutboxRow], data: st.DataObject) -> None:
    unsettled = {aggregate_of(row): row for row in rows if data.draw(st.booleans())}
    resting = {aggregate_of(row) for row in rows if data.draw(st.booleans())}
    chosen = pick(rows, unsettled, resting)
    assert len({aggregate_of(row) for row in chosen}) == len(chosen)
    for row in chosen:
        assert aggregate_of(row) not in resting
        assert unsettled.get(aggregate_of(row), row) == row


@given(outboxes(), st.data())
def test_only_what_was_acknowledged_is_forgotten_and_never_a_newer_row(
    rows: list[OutboxRow], data: st.DataObject
) -> None:
    outcome = fate_of(pick(rows, {}, ()), data)
    acked = {aggregate_of(row): row.seq for row, _ in outcome.acked}
    forgotten = [
        row for row in rows for first, last in runs_without(rows, outcome.waiting(rows)) if first <= row.seq <= last
    ]
    assert forgotten == [row for row in rows if row.seq <= acked.get(aggregate_of(row), 0)]


@given(outboxes())
def test_a_batch_that_was_acknowledged_whole_is_forgotten_in_one_run(rows: list[OutboxRow]) -> None:
    chosen = pick(rows, {}, ())
    outcome = outcome_of(chosen, {number: Acked(number, False) for number in range(len(chosen))})
    assert outcome.waiting(rows) == []
    assert runs_without(rows, []) == ([(rows[0].seq, rows[-1].seq)] if rows else [])


def test_the_place_of_a_duplicate_tells_nothing_of_the_stream() -> None:
    row = OutboxRow(1, "hub", OutboxRecord("offer", "a", 1, 1, False, b"x", NOON))
    assert outcome_of([row], {0: Acked(3, True)}).stream_positions() == []
    assert outcome_of([row], {0: Acked(3, False)}).stream_positions() == [3]
