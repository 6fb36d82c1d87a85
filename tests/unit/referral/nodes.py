"""Two nodes of the real use cases over stores in memory, with real keys, and a post that tests deliver as they like."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from lotse.federation.v1.envelope_pb2 import MEMBER_STATE_ACTIVE, Member, MemberList, SigningKey
from lotse.federation.v1.envelope_pb2 import SealingKey as PublicSealingKey
from services.common.crypto.keys import Signer
from services.common.crypto.sealing import SealingKey, SealingKeys
from services.common.db.outbox import OutboxRecord
from services.common.messaging.members import Members
from services.common.names import RegionId
from services.referral.adapters.keys import KeyScribe, MemberRegions, SealedCorrespondence
from services.referral.adapters.memory import MemoryReferralStore
from services.referral.calls import Desk
from services.referral.convert.letters import receipt_from
from services.referral.domain.case import Case, CaseState
from services.referral.domain.log import LogLine
from services.referral.domain.referral import Referral
from services.referral.domain.values import Audience, Consent, ConsentChannel, Person
from services.referral.handlers.receiving import receive_letter
from services.referral.handlers.settling import receive_receipt
from services.referral.ports import ReferralStore, Transaction, Work

DRESDEN, LEIPZIG = RegionId("dresden"), RegionId("leipzig")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OFFER = "regions/leipzig/offers/anerkennung"
PERSON = Person("Olena Kanarienvogel", email="canary@example.org")
CONSENT = Consent("2026-11", "uk", "referral", ConsentChannel.IN_PERSON)
DRAFT = Case("", 0, NOON, NOON, CaseState.OPEN, "Diplom", "uk", "14612", ("recognition",), Audience.PERSON)
T = TypeVar("T")


@cache
def signer(number: int) -> Signer:
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


@cache
def sealing_key(number: int) -> SealingKey:
    return SealingKey(X25519PrivateKey.from_private_bytes(bytes([number]) * 32))


_NUMBERS = {DRESDEN: 11, LEIPZIG: 12, RegionId("chemnitz"): 13}


class FixedMembers:
    """The member list, as `MembersFile` gives it."""

    def __init__(self, *states: tuple[RegionId, Any]) -> None:
        self.states = dict(states)

    def current(self) -> Members:
        return Members(MemberList(serial=1, members=[self._member(region, no) for region, no in _NUMBERS.items()]))

    def _member(self, region: RegionId, number: int) -> Member:
        sign, seal = signer(number), sealing_key(number)
        return Member(
            region=region,
            display_name=region.title(),
            state=self.states.get(region, MEMBER_STATE_ACTIVE),
            signing_keys=[SigningKey(key_id=sign.key_id, public_key=sign.public_bytes)],
            nkey="U" + "A" * 55,
            sealing_keys=[PublicSealingKey(key_id=seal.key_id, public_key=seal.public_bytes)],
        )


class Ids:
    """Gives UUIDs that count up."""

    def __init__(self, start: int) -> None:
        self._next = start

    def __call__(self) -> UUID:
        self._next += 1
        return UUID(int=self._next, version=4)


@dataclass(frozen=True)
class Mail:
    """One message on its way."""

    to: str
    sender: str
    record: OutboxRecord


@dataclass
class TestNode:
    """One side: its store, its keys, its clock."""

    __test__ = False
    region: RegionId
    store: ReferralStore
    desk: Desk
    moment: datetime = NOON

    async def run(self, effect: Callable[[Work], Awaitable[T]], role: str = "counsellor") -> T:
        """Run a use case in a transaction."""
        self.moment += timedelta(seconds=1)
        async with self.store.transaction() as store:
            return await effect(self.desk.work(store, self.moment, role))

    async def take(self, mail: Mail) -> bool:
        """Apply one message, as the consumer does; False when it would be parked."""
        kind, _, rest = mail.record.record_id.partition("-")
        referral_id, _, number = rest.rpartition("-")
        receipt = receipt_from(mail.record.body) if kind == "rcpt" else None

        async def effect(work: Work) -> bool:
            if kind == "ref":
                return await receive_letter(work, mail.sender, referral_id, int(number), mail.record.body)
            assert receipt is not None
            return await receive_receipt(work, mail.sender, referral_id, int(number), receipt, b"signed")

        return await self.run(effect, "system")

    async def referral(self, referral_id: str) -> Referral | None:
        async with self.store.reading() as store:
            return await store.referral(referral_id)

    async def log(self, referral_id: str) -> list[LogLine]:
        async with self.store.reading() as store:
            return await store.log(referral_id)


def make_node(region: RegionId, store: ReferralStore, members: FixedMembers | None = None) -> TestNode:
    number = _NUMBERS[region]
    known: Any = members or FixedMembers()
    letters = SealedCorrespondence(region, SealingKeys([sealing_key(number)]), known)
    desk = Desk(region, KeyScribe(signer(number), known), letters, MemberRegions(known), Ids(number << 64), 60.0)
    return TestNode(region, store, desk)


@dataclass
class Post:
    """Two nodes in memory, and all that is on its way between them; nothing is ever taken out by itself."""

    members: FixedMembers = field(default_factory=FixedMembers)
    stores: dict[RegionId, MemoryReferralStore] = field(init=False)
    nodes: dict[RegionId, TestNode] = field(init=False)
    waiting: list[Mail] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stores = {region: MemoryReferralStore() for region in (DRESDEN, LEIPZIG)}
        self.nodes = {region: make_node(region, store, self.members) for region, store in self.stores.items()}

    @property
    def source(self) -> TestNode:
        return self.nodes[DRESDEN]

    @property
    def target(self) -> TestNode:
        return self.nodes[LEIPZIG]

    def collect(self) -> None:
        """Take what both sides have sent. A subject holds one message: a newer one replaces it, as at the hub."""
        for region, store in self.stores.items():
            for record in store.take_outbox("hub"):
                mail = Mail(record.kind, region, record)
                place = (mail.to, region, record.record_id)
                self.waiting = [one for one in self.waiting if (one.to, one.sender, one.record.record_id) != place]
                self.waiting.append(mail)

    async def deliver_all(self) -> None:
        """Deliver until nothing moves any more."""
        self.collect()
        while self.waiting:
            mail = self.waiting.pop(0)
            await self.nodes[RegionId(mail.to)].take(mail)
            self.collect()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end; nothing in memory ever waits."""
    return asyncio.run(coroutine)


__all__ = ["CONSENT", "DRAFT", "DRESDEN", "LEIPZIG", "NOON", "OFFER", "PERSON", "Mail", "Post", "Transaction", "run"]
