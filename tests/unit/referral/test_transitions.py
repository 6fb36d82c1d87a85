"""The table of transitions, enumerated whole: every side, role, state and action."""

from itertools import product

import pytest

from services.common.errors import MendTheState
from services.referral.domain.transitions import (
    COUNSELLOR,
    ENDED,
    HOTLINE,
    SYSTEM,
    TABLE,
    Action,
    Verdict,
    is_legal,
    judge_withdrawal,
    reachable,
    step,
)
from services.referral.domain.values import Side, State

ROLES = (COUNSELLOR, HOTLINE, SYSTEM, "coordinator", "editor")
S, T = Side.SOURCE, Side.TARGET

ALLOWED = {
    (Action.CREATE, S, COUNSELLOR, State.UNSPECIFIED, State.DRAFT),
    (Action.CREATE, S, HOTLINE, State.UNSPECIFIED, State.DRAFT),
    (Action.SUBMIT, S, COUNSELLOR, State.DRAFT, State.SUBMITTED),
    (Action.SUBMIT, S, HOTLINE, State.DRAFT, State.SUBMITTED),
    (Action.WITHDRAW, S, COUNSELLOR, State.DRAFT, State.WITHDRAWN),
    (Action.WITHDRAW, S, COUNSELLOR, State.SUBMITTED, State.WITHDRAWN),
    (Action.WITHDRAW, S, SYSTEM, State.DRAFT, State.WITHDRAWN),
    (Action.WITHDRAW, S, SYSTEM, State.SUBMITTED, State.WITHDRAWN),
    (Action.GIVE_UP, S, SYSTEM, State.SUBMITTED, State.UNDELIVERABLE),
    (Action.CLOSE, S, COUNSELLOR, State.WITHDRAWN, State.CLOSED),
    (Action.CLOSE, S, COUNSELLOR, State.UNDELIVERABLE, State.CLOSED),
    (Action.CLOSE, S, SYSTEM, State.WITHDRAWN, State.CLOSED),
    (Action.CLOSE, S, SYSTEM, State.UNDELIVERABLE, State.CLOSED),
    (Action.DELIVER, T, SYSTEM, State.SUBMITTED, State.DELIVERED),
    (Action.START_REVIEW, T, COUNSELLOR, State.DELIVERED, State.IN_REVIEW),
    (Action.ACCEPT, T, COUNSELLOR, State.DELIVERED, State.ACCEPTED),
    (Action.ACCEPT, T, COUNSELLOR, State.IN_REVIEW, State.ACCEPTED),
    (Action.DECLINE, T, COUNSELLOR, State.DELIVERED, State.DECLINED),
    (Action.DECLINE, T, COUNSELLOR, State.IN_REVIEW, State.DECLINED),
    (Action.START_SERVICE, T, COUNSELLOR, State.ACCEPTED, State.IN_SERVICE),
    (Action.COMPLETE, T, COUNSELLOR, State.ACCEPTED, State.COMPLETED),
    (Action.COMPLETE, T, COUNSELLOR, State.IN_SERVICE, State.COMPLETED),
    (Action.ADOPT_WITHDRAWAL, T, SYSTEM, State.DELIVERED, State.WITHDRAWN),
    (Action.ADOPT_WITHDRAWAL, T, SYSTEM, State.IN_REVIEW, State.WITHDRAWN),
    (Action.ADOPT_WITHDRAWAL, T, SYSTEM, State.ACCEPTED, State.WITHDRAWN),
    (Action.ADOPT_WITHDRAWAL, T, SYSTEM, State.IN_SERVICE, State.WITHDRAWN),
    (Action.ADOPT_CLOSING, T, SYSTEM, State.COMPLETED, State.CLOSED),
    (Action.ADOPT_CLOSING, T, SYSTEM, State.DECLINED, State.CLOSED),
    (Action.ADOPT_CLOSING, T, SYSTEM, State.WITHDRAWN, State.CLOSED),
}
"""Written out by hand from referral.md, so that a change of the table is a change of two places."""


def test_the_table_allows_exactly_what_the_design_says() -> None:
    found = set()
    for action, side, role, before in product(Action, Side, ROLES, State):
        after = reachable(action, side, role, before)
        if after is not None:
            found.add((action, side, role, before, after))
    assert found == ALLOWED


def test_every_other_step_is_refused_with_a_reason() -> None:
    allowed = {row[:4] for row in ALLOWED}
    refused = [cell for cell in product(Action, Side, ROLES, State) if cell not in allowed]
    assert len(refused) == len(Action) * len(Side) * len(ROLES) * len(State) - len(ALLOWED)
    for action, side, role, before in refused:
        with pytest.raises(MendTheState) as caught:
            step(action, side, role, before)
        assert caught.value.reason == "STATE_NOT_ALLOWED"


def test_foreign_entries_are_judged_by_the_same_table() -> None:
    allowed = {(side, role, before, after) for _, side, role, before, after in ALLOWED}
    for cell in product(Side, ROLES, State, State):
        assert is_legal(*cell) == (cell in allowed)


def test_no_state_but_closed_and_nothing_is_a_dead_end() -> None:
    leaving = {state for row in TABLE for state in row.before}
    assert set(State) - leaving == {State.CLOSED}
    assert State.UNSPECIFIED not in ENDED


@pytest.mark.parametrize(
    ("states", "expected", "verdict"),
    [
        ((State.DELIVERED,), 2, Verdict.ADOPT),
        ((State.DELIVERED,), 3, Verdict.ADOPT),
        ((State.DELIVERED, State.IN_REVIEW), 2, Verdict.ADOPT),
        ((State.DELIVERED, State.ACCEPTED), 3, Verdict.TOO_LATE),
        ((State.DELIVERED, State.ACCEPTED), 4, Verdict.ADOPT),
        ((State.DELIVERED, State.ACCEPTED, State.IN_SERVICE), 4, Verdict.ADOPT),
        ((State.DELIVERED, State.ACCEPTED, State.IN_SERVICE, State.COMPLETED), 4, Verdict.TOO_LATE),
        ((State.DELIVERED, State.ACCEPTED, State.COMPLETED), 5, Verdict.TOO_LATE),
        ((State.DELIVERED, State.DECLINED), 3, Verdict.TOO_LATE),
        ((State.DELIVERED, State.DECLINED), 4, Verdict.TOO_LATE),
        ((State.DELIVERED, State.WITHDRAWN), 3, Verdict.DONE),
        ((State.DELIVERED, State.WITHDRAWN, State.CLOSED), 3, Verdict.DONE),
        ((State.DELIVERED, State.ACCEPTED, State.COMPLETED, State.CLOSED), 6, Verdict.TOO_LATE),
    ],
)
def test_a_decision_that_the_asker_did_not_know_of_wins(
    states: tuple[State, ...], expected: int, verdict: Verdict
) -> None:
    history = list(enumerate((State.DRAFT, State.SUBMITTED, *states), start=1))
    assert judge_withdrawal(history, expected) is verdict
