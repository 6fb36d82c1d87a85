"""Owns of what a referral's change is to be told: the table of side and state, and the identity of each step.

A step is told once, whatever comes twice or in another order: the pair (referral, `key`) is unique. The confirmed
hand-off has a key without version: it is one event in a referral's life, and the first change that shows it tells it,
also when the acceptance itself was overtaken by the next state on its way here. So has the withdrawal, until one is
refused: what is withdrawn after that is another event.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.notify.domain.records import Topic


class Side(StrEnum):
    """Which side of the referral this node is."""

    SOURCE = "SOURCE"
    TARGET = "TARGET"


class State(StrEnum):
    """Where the referral stands, as lotse.referral.v1.ReferralState names it."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    DELIVERED = "DELIVERED"
    IN_REVIEW = "IN_REVIEW"
    ACCEPTED = "ACCEPTED"
    IN_SERVICE = "IN_SERVICE"
    COMPLETED = "COMPLETED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    UNDELIVERABLE = "UNDELIVERABLE"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class Change:
    """What the referral service says: `subject` is "regions/{region}/referrals/{id}"."""

    subject: str
    side: Side
    state: State
    version: int
    handoff_confirmed: bool = False
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to tell: of which topic, in which words, under which key it counts as told."""

    topic: Topic
    wording: str
    key: str


HANDOFF = "handoff_confirmed"
REFUSED_WITHDRAWAL = "withdrawal_refused"

_Told = dict[State, tuple[Topic, str]]

_COMMON: _Told = {
    State.IN_REVIEW: (Topic.REFERRAL_CHANGED, "in_review"),
    State.ACCEPTED: (Topic.REFERRAL_CHANGED, "accepted"),
    State.IN_SERVICE: (Topic.REFERRAL_CHANGED, "in_service"),
    State.COMPLETED: (Topic.REFERRAL_CHANGED, "completed"),
    State.WITHDRAWN: (Topic.REFERRAL_WITHDRAWN, "withdrawn"),
    State.CLOSED: (Topic.REFERRAL_CHANGED, "closed"),
}
_TABLE: dict[Side, _Told] = {
    Side.SOURCE: _COMMON
    | {
        State.SUBMITTED: (Topic.REFERRAL_CHANGED, "submitted"),
        State.DELIVERED: (Topic.REFERRAL_DELIVERED, "delivered"),
        State.DECLINED: (Topic.REFERRAL_DECLINED, "declined"),
        State.UNDELIVERABLE: (Topic.REFERRAL_UNDELIVERABLE, "undeliverable"),
    },
    Side.TARGET: _COMMON
    | {
        State.DELIVERED: (Topic.REFERRAL_RECEIVED, "received"),
        State.DECLINED: (Topic.REFERRAL_CHANGED, "turned_down"),
    },
}
"""What is not here is told to nobody: a draft is known to who writes it, and a target never sees one."""

_TABLED = {wording for told in _TABLE.values() for _, wording in told.values()}
WORDINGS = frozenset(_TABLED | {HANDOFF, REFUSED_WITHDRAWAL})
"""Everything that every language must have words for."""

_HELPING = frozenset({State.ACCEPTED, State.IN_SERVICE, State.COMPLETED})


def steps_of(change: Change, told: Iterable[str] = ()) -> tuple[Step, ...]:
    """Say what is to be told of a change: nothing, one thing, or two when it also shows the confirmed hand-off.

    `told`: keys of the steps that were told of this referral; asked for only where `needs_history` says so.
    """
    if change.conflict:
        return (_versioned(change, Topic.REFERRAL_CHANGED, REFUSED_WITHDRAWAL),)
    confirmed = change.side is Side.SOURCE and change.handoff_confirmed and change.state in _HELPING
    steps = [Step(Topic.HANDOFF_CONFIRMED, HANDOFF, HANDOFF)] if confirmed else []
    # Accepted and confirmed are one and the same news at the source.
    news = None if confirmed and change.state is State.ACCEPTED else _TABLE[change.side].get(change.state)
    if change.state is State.WITHDRAWN and news is not None:
        # A source says it at once, and again at a later version when the target has written it: one event, one telling.
        # Only when the target refused the first one, a later one is news again.
        steps.append(Step(*news, _withdrawal_key(change, told)))
    elif news is not None:
        steps.append(_versioned(change, *news))
    return tuple(steps)


def needs_history(change: Change) -> bool:
    """Say whether what is to be told depends on what was told before."""
    return change.state is State.WITHDRAWN and not change.conflict


def number_of(subject: str) -> str:
    """Give a referral's number as people say it on the telephone, the same on both sides: "R-3F9A01BC".

    The letter in front keeps the digits in their order within Arabic text.
    """
    return f"R-{subject.rpartition('/')[2].replace('-', '')[:8].upper()}"


def _withdrawal_key(change: Change, told: Iterable[str]) -> str:
    """Name the withdrawal by the refusal before it: a repeat of the first one keeps its name whenever it comes."""
    parts = (key.partition(":") for key in told)
    refusals = [int(version) for version, _, wording in parts if wording == REFUSED_WITHDRAWAL]
    earlier = [version for version in refusals if version < change.version]
    wording = _COMMON[State.WITHDRAWN][1]
    return f"{max(earlier)}:{wording}_again" if earlier else wording


def _versioned(change: Change, topic: Topic, wording: str) -> Step:
    return Step(topic, wording, f"{change.version}:{wording}")
