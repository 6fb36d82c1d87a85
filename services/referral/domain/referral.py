"""Owns what one side knows of a referral, and the rules that hold for it whatever the step."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.common.errors import MendTheState
from services.referral.domain.log import LogLine
from services.referral.domain.transitions import ENDED
from services.referral.domain.values import NOTHING_TO_SEE, DeclineReason, OutcomeCode, Preview, Side, State


class WishKind(StrEnum):
    """What a source may ask of a target."""

    WITHDRAW = "withdraw"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the source has asked and the target has not answered yet."""

    kind: WishKind
    expected_version: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """A step that must have come so far ("started" or "decided"); without a `hard` one people are turned away."""

    topic: str
    state: str
    hard: bool


@dataclass(frozen=True, slots=True)
class Referral:
    """One referral as this node knows it. `version` counts its entries, provisional ones too."""

    id: str
    side: Side
    source_region: str
    target_region: str
    offer: str
    create_time: datetime
    update_time: datetime
    case_id: str = ""
    state: State = State.UNSPECIFIED
    version: int = 0
    preview: Preview = NOTHING_TO_SEE
    prerequisites: tuple[Prerequisite, ...] = ()
    decline_reason: DeclineReason = DeclineReason.UNSPECIFIED
    decline_text: str = ""
    outcome_code: OutcomeCode = OutcomeCode.UNSPECIFIED
    person_released: bool = False
    handoff_confirmed: bool = False
    conflict: str = ""
    sent_steps: int = 0
    """Steps that this side has sent."""
    peer_version: int = 0
    """How far the other side's log goes, by its newest signature here."""
    peer_hash: bytes = b""
    wish: Wish | None = None
    closing_wanted: bool = False
    """The source has closed it while only provisional entries stood there."""
    person_barred: bool = False
    """Nothing of the person may leave (source) or be kept (target) any more; never taken back."""
    changes: int = 0
    """How often the node's other services were told."""

    @property
    def other_region(self) -> str:
        """The region on the other side."""
        return self.target_region if self.side is Side.SOURCE else self.source_region

    @property
    def open(self) -> bool:
        """Whether it still stands in the way of another one for the same case and offer."""
        return self.state not in ENDED

    @property
    def was_sent(self) -> bool:
        """Whether the target may have heard of it."""
        return self.side is Side.TARGET or self.sent_steps > 0


def showing(referral: Referral, lines: Iterable[LogLine]) -> Referral:
    """Bring what a referral shows in line with its log."""
    *_, last = lines
    reasons = [line.entry.decline_reason for line in lines if line.entry.state is State.DECLINED]
    outcomes = [line.entry.outcome_code for line in lines if line.entry.state is State.COMPLETED]
    return replace(
        referral,
        state=last.entry.state,
        version=last.entry.version,
        decline_reason=reasons[-1] if reasons else DeclineReason.UNSPECIFIED,
        outcome_code=outcomes[-1] if outcomes else OutcomeCode.UNSPECIFIED,
    )


def require_version(referral: Referral, expected: int) -> None:
    """Raise VERSION_CONFLICT unless this is the version that was read."""
    if referral.version != expected:
        raise MendTheState(
            "VERSION_CONFLICT",
            "the referral has been taken further",
            metadata={"state": referral.state, "version": str(referral.version)},
        )
