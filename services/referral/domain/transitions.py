"""Owns every step that a referral may take: one table says which side writes it, in which role, from where to where.

Nothing else decides. Before delivery the source writes; from delivery on the target orders everything, also what the
source asks for (ADOPT_WITHDRAWAL, ADOPT_CLOSING). The same table judges the entries that the other side has written.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.common.errors import MendTheState
from services.referral.domain.values import Side, State

SYSTEM: Final = "system"
"""Role of what a node does by itself."""
COUNSELLOR: Final = "counsellor"
HOTLINE: Final = "hotline"


class Action(StrEnum):
    """What somebody does."""

    CREATE = "create"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    GIVE_UP = "give-up"
    CLOSE = "close"
    DELIVER = "deliver"
    START_REVIEW = "start-review"
    ACCEPT = "accept"
    DECLINE = "decline"
    START_SERVICE = "start-service"
    COMPLETE = "complete"
    ADOPT_WITHDRAWAL = "adopt-withdrawal"
    ADOPT_CLOSING = "adopt-closing"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    action: Action
    side: Side
    roles: frozenset[str]
    before: frozenset[State]
    after: State


def _row(action: Action, side: Side, roles: Iterable[str], before: Iterable[State], after: State) -> Row:
    return Row(action, side, frozenset(roles), frozenset(before), after)


_S, _T = Side.SOURCE, Side.TARGET
_STAFF = (COUNSELLOR,)
_FRONT = (COUNSELLOR, HOTLINE)
_SELF = (SYSTEM,)

TABLE: Final = (
    _row(Action.CREATE, _S, _FRONT, [State.UNSPECIFIED], State.DRAFT),
    _row(Action.SUBMIT, _S, _FRONT, [State.DRAFT], State.SUBMITTED),
    _row(Action.WITHDRAW, _S, (*_STAFF, *_SELF), [State.DRAFT, State.SUBMITTED], State.WITHDRAWN),
    _row(Action.GIVE_UP, _S, _SELF, [State.SUBMITTED], State.UNDELIVERABLE),
    _row(Action.CLOSE, _S, (*_STAFF, *_SELF), [State.WITHDRAWN, State.UNDELIVERABLE], State.CLOSED),
    _row(Action.DELIVER, _T, _SELF, [State.SUBMITTED], State.DELIVERED),
    _row(Action.START_REVIEW, _T, _STAFF, [State.DELIVERED], State.IN_REVIEW),
    _row(Action.ACCEPT, _T, _STAFF, [State.DELIVERED, State.IN_REVIEW], State.ACCEPTED),
    _row(Action.DECLINE, _T, _STAFF, [State.DELIVERED, State.IN_REVIEW], State.DECLINED),
    _row(Action.START_SERVICE, _T, _STAFF, [State.ACCEPTED], State.IN_SERVICE),
    _row(Action.COMPLETE, _T, _STAFF, [State.ACCEPTED, State.IN_SERVICE], State.COMPLETED),
    _row(
        Action.ADOPT_WITHDRAWAL,
        _T,
        _SELF,
        [State.DELIVERED, State.IN_REVIEW, State.ACCEPTED, State.IN_SERVICE],
        State.WITHDRAWN,
    ),
    _row(Action.ADOPT_CLOSING, _T, _SELF, [State.COMPLETED, State.DECLINED, State.WITHDRAWN], State.CLOSED),
)
"""All that there is."""

ENDED: Final = frozenset({State.COMPLETED, State.DECLINED, State.WITHDRAWN, State.UNDELIVERABLE, State.CLOSED})
"""States after which the same case may be referred to the same offer again."""
DECISIONS: Final = frozenset({State.ACCEPTED, State.DECLINED, State.COMPLETED, State.CLOSED})
"""What a target may have recorded that goes before a withdrawal which did not know of it."""
HOLDS_PERSON: Final = frozenset({State.ACCEPTED, State.IN_SERVICE, State.COMPLETED})
"""States in which a target may have the person's data."""


def rows_for(action: Action) -> tuple[Row, ...]:
    """Give the lines of one action."""
    return tuple(row for row in TABLE if row.action is action)


def reachable(action: Action, side: Side, role: str, before: State) -> State | None:
    """Give where the action leads, or None when this side, role or state does not allow it."""
    for row in rows_for(action):
        if row.side is side and role in row.roles and before in row.before:
            return row.after
    return None


def step(action: Action, side: Side, role: str, before: State) -> State:
    """Give where the action leads; raises STATE_NOT_ALLOWED."""
    after = reachable(action, side, role, before)
    if after is None:
        raise not_allowed(before)
    return after


def is_legal(side: Side, role: str, before: State, after: State) -> bool:
    """Say whether that side may write that entry, whatever it calls its action: how foreign entries are judged."""
    return any(row.side is side and role in row.roles and before in row.before and row.after is after for row in TABLE)


def not_allowed(state: State) -> MendTheState:
    """Make the refusal for a step that the state does not allow."""
    return MendTheState("STATE_NOT_ALLOWED", "the referral's state does not allow this step", metadata={"state": state})


class Verdict(StrEnum):
    """What a target makes of a withdrawal."""

    ADOPT = "adopt"
    DONE = "done"
    TOO_LATE = "too-late"


def judge_withdrawal(history: Iterable[tuple[int, State]], expected_version: int) -> Verdict:
    """Judge by the target's log, (version, state) oldest first: a decision that the asker did not know of wins."""
    entries = tuple(history)
    state = entries[-1][1]
    if any(entry is State.WITHDRAWN for _, entry in entries):
        return Verdict.DONE
    decided = any(version > expected_version and entry in DECISIONS for version, entry in entries)
    if decided or reachable(Action.ADOPT_WITHDRAWAL, Side.TARGET, SYSTEM, state) is None:
        return Verdict.TOO_LATE
    return Verdict.ADOPT
