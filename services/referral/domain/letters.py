"""Owns what two nodes tell each other about a referral: the contents of sealed letters, and receipts."""

from dataclasses import dataclass

from services.referral.domain.log import SignedEntry
from services.referral.domain.values import Person, Preview, State

RELEASE_NUMBER = 0
"""Number of the letter that holds the person; steps count from 1."""
FIRST_STEP = 1


@dataclass(frozen=True, slots=True)
class Request:
    """Source to target: the request with the source's log so far."""

    log: tuple[SignedEntry, ...]
    offer: str
    preview: Preview


@dataclass(frozen=True, slots=True)
class Event:
    """Target to source: an entry of the log."""

    entry: SignedEntry
    decline_text: str = ""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Source to target: take it back."""

    expected_version: int
    reason: str


@dataclass(frozen=True, slots=True)
class Closing:
    """Source to target: the source has seen the end."""

    expected_version: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Target to source: it had decided before the wish came."""

    expected_version: int
    actual_version: int
    state: State


@dataclass(frozen=True, slots=True)
class Release:
    """Source to target: who it is."""

    referral_id: str
    person: Person


Step = Request | Event | Withdrawal | Closing | Conflict
Content = Step | Release


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receiver says of one letter: its hash, and how the receiver's own log then stands."""

    referral_id: str
    number: int
    body_hash: bytes
    state: State
    version: int
    head_hash: bytes
    refusal: str = ""

    @property
    def refused(self) -> bool:
        """Whether the letter will never be taken."""
        return bool(self.refusal)


OFFER_UNKNOWN, NOT_READABLE, FORBIDDEN = "offer-unknown", "not-readable", "forbidden"
"""Why a letter is refused."""
