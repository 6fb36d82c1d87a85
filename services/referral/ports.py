"""Owns what the use cases need: a store with one writer at a time, and the node's keys behind small doors.

Every method of the store may raise ComeBackLater DATABASE_UNAVAILABLE. What is handed out is immutable.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.common.ids import NewId
from services.referral.domain.case import Case
from services.referral.domain.letters import Content, Receipt
from services.referral.domain.log import Entry, LogLine, SignedEntry
from services.referral.domain.referral import Referral
from services.referral.domain.routing import Counter, Found, Question
from services.referral.domain.values import Person, Side, State


@dataclass(frozen=True, slots=True)
class Asked:
    """A write that can be repeated without harm: who asked, under which UUID, which method, with what content."""

    caller: str
    request_id: str
    method: str
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose person is kept: "case" at the source, "referral" at the target, and the id."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Position:
    """The last record of a page; the next page starts behind it."""

    create_time: datetime
    id: str


@dataclass(frozen=True, slots=True)
class ReferralQuery:
    """Which referrals, newest first; empty fields do not narrow."""

    side: Side = Side.UNSPECIFIED
    states: frozenset[State] = frozenset()
    case_id: str = ""
    after: Position | None = None
    size: int = 50


class Delivery(StrEnum):
    """What became of a letter."""

    WAITING = "waiting"
    RECEIPTED = "receipted"
    REFUSED = "refused"
    GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A letter of this node: the sealed body until it was receipted, and when it is sent again."""

    referral_id: str
    number: int
    to: str
    body: bytes
    body_hash: bytes
    post_time: datetime
    next_time: datetime
    tries: int = 0
    delivery: Delivery = Delivery.WAITING
    former_hash: bytes = b""
    """Hash of the body that this one replaced: its receipt may still be on the way."""
    receipt: bytes = b""
    """The signed receipt as it came: evidence."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A letter that was dealt with, and the receipt that it got and gets again."""

    sender: str
    referral_id: str
    number: int
    body_hash: bytes
    receipt: bytes
    time: datetime


class MailKind(StrEnum):
    """What travels between regions."""

    LETTER = "ref"
    RECEIPT = "rcpt"


class Reading(Protocol):
    """The service's records at one moment."""

    async def case(self, case_id: str) -> Case | None:
        """Give a case, also an erased one."""

    async def cases(self, after: Position | None, size: int) -> list[Case]:
        """List cases, newest first."""

    async def person(self, owner: Owner) -> Person | None:
        """Give the person, opened; None when there is none or it was erased."""

    async def referral(self, referral_id: str) -> Referral | None:
        """Give a referral."""

    async def referrals(self, query: ReferralQuery) -> list[Referral]:
        """List referrals, newest first."""

    async def log(self, referral_id: str) -> list[LogLine]:
        """Give a referral's entries, oldest first."""


class Transaction(Reading, Protocol):
    """A change under way. Nobody else writes meanwhile, so what was read stays true until the end."""

    async def put_case(self, case: Case) -> None:
        """Store a case; its text is sealed under the case's key."""

    async def put_person(self, owner: Owner, person: Person) -> None:
        """Seal and store the person; makes the owner's key when there is none."""

    async def forget_person(self, owner: Owner) -> None:
        """Delete the sealed person only."""

    async def erase(self, owner: Owner) -> None:
        """Delete the owner's key and all that was sealed under it, for good."""

    async def put_referral(self, referral: Referral) -> None:
        """Store a referral."""

    async def append(self, line: LogLine) -> None:
        """Store an entry of the log."""

    async def drop_provisional(self, referral_id: str) -> None:
        """Delete the entries that the target's own replace."""

    async def outgoing(self, referral_id: str, number: int) -> Outgoing | None:
        """Give a letter of this node."""

    async def put_outgoing(self, letter: Outgoing) -> None:
        """Store a letter of this node."""

    async def due(self, moment: datetime, limit: int) -> list[Outgoing]:
        """Give waiting letters whose next try has come, oldest first."""

    async def incoming(self, sender: str, referral_id: str, number: int) -> Incoming | None:
        """Give what was dealt with."""

    async def put_incoming(self, letter: Incoming) -> None:
        """Note that a letter was dealt with."""

    async def keep_early(self, sender: str, referral_id: str, number: int, body: bytes) -> None:
        """Keep a letter that came before its predecessor."""

    async def take_early(self, sender: str, referral_id: str, number: int) -> bytes | None:
        """Take such a letter out again."""

    async def send(self, kind: MailKind, to: str, referral_id: str, number: int, body: bytes, moment: datetime) -> None:
        """Put mail into the outbox, in place of the same mail that may still wait there."""

    async def tell(self, referral: Referral, moment: datetime, *, conflict: bool) -> None:
        """Tell the node's other services that a referral has changed."""

    async def settled_before(self, moment: datetime, limit: int) -> list[Referral]:
        """Give referrals of which this node is the target, closed before the moment, whose person is still here."""

    async def answer_to(self, asked: Asked) -> bytes | None:
        """Give the answer to a repeat; None for the first time. Raises ChooseAnother REQUEST_ID_REUSED."""

    async def keep_answer(self, asked: Asked, answer: bytes, moment: datetime) -> None:
        """Keep the answer for repeats, together with the change."""

    async def forget_answers(self, before: datetime) -> int:
        """Delete old answers."""


class ReferralStore(Protocol):
    """Where cases and referrals are kept."""

    def reading(self) -> AbstractAsyncContextManager[Reading]:
        """Look at one moment."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Change: kept at a normal exit, undone at an error or cancellation."""


class Scribe(Protocol):
    """Signs this node's entries and reads those of others."""

    def sign(self, entry: Entry) -> SignedEntry:
        """Sign an entry with the region's key."""

    def read(self, signed: SignedEntry, region: str, moment: datetime) -> Entry | None:
        """Give what an entry says; None unless a key of that region, valid at the moment, has signed it."""


class Correspondence(Protocol):
    """Seals letters to other regions, opens those to this one, and writes receipts."""

    def reaches(self, region: str) -> bool:
        """Say whether the region has a key to seal to, whatever its standing."""

    def seal(self, to: str, referral_id: str, number: int, content: Content) -> bytes:
        """Seal a letter; raises TARGET_NOT_POSSIBLE for a region without a key."""

    def open(self, sender: str, referral_id: str, number: int, body: bytes) -> Content | None:
        """Give what a letter says; None when it cannot be read or breaks the contract's rules."""

    def receipt(self, receipt: Receipt) -> bytes:
        """Write a receipt."""


class Regions(Protocol):
    """Who takes part."""

    def active(self, region: str) -> bool:
        """Say whether the region takes part now."""

    def takes_referrals(self, region: str) -> bool:
        """Say whether a referral can be sent there: active, with a key to seal to."""


class Counters(Protocol):
    """Finds counters through the search API. Each method raises ComeBackLater SEARCH_ENGINE_UNAVAILABLE."""

    async def find(self, question: Question) -> Found:
        """Give counters for a question, best first."""

    async def statewide(self, question: Question) -> Sequence[Counter]:
        """Give counters for all of Saxony, hotlines first."""

    async def giving(self, topic: str, question: Question) -> tuple[str, Sequence[Counter]]:
        """Give a topic's label in the question's language and the counters that give that step, best first."""

    async def offer(self, name: str) -> Counter | None:
        """Give one offer as last heard; None for one that was never heard of."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a use case that writes is given."""

    store: Transaction
    region: str
    moment: datetime
    role: str
    new_id: NewId
    scribe: Scribe
    letters: Correspondence
    regions: Regions
    resend_seconds: float
