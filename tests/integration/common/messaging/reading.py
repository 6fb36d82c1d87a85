"""A reader as a service has one: effects and inbox in one transaction, and faults that tests switch on."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lotse.federation.v1.envelope_pb2 import Envelope
from services.common.clock import utc_now
from services.common.db import inbox, parked
from services.common.db.engine import Database
from services.common.db.inbox import InboxRow, RecordKey, Version
from services.common.db.parked import ParkedSummary, Unreadable
from services.common.messaging.connection import NatsConnection
from services.common.messaging.consumer import CatalogReader
from services.common.messaging.envelope import open_envelope
from services.common.messaging.flood import FloodGuard
from services.common.messaging.members import Members
from services.common.messaging.received import Received
from services.common.messaging.refusals import Reason, Refused
from services.common.names import RegionId


@dataclass
class Applier:
    """Applies what is newer than its inbox; `effects` counts how often each version took effect."""

    database: Database
    members: Members
    effects: dict[tuple[str, str, int], int] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)
    """Raised by the next calls, first one first."""
    crash_after_commit: bool = False
    poison: frozenset[str] = frozenset()
    """Ids whose message breaks the code itself."""
    unindexable: frozenset[str] = frozenset()
    calls: int = 0
    meanwhile: Callable[[], Awaitable[None]] | None = None
    """What happens once, between commit and acknowledgement."""

    def verify(self, data: bytes, subject: str) -> Envelope:
        envelope = open_envelope(data, subject, self.members, utc_now(), own_region=None)
        if envelope.kind not in {"offer", "node"}:
            raise Refused(Reason.KIND_UNKNOWN)
        if envelope.body == b"no entry":
            raise Refused(Reason.BODY_INVALID)
        return envelope

    async def apply(self, batch: Sequence[Received]) -> Sequence[Unreadable] | None:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        if any(received.envelope.id in self.poison for received in batch):
            raise KeyError("a defect that only this message meets")
        unfit = [received for received in batch if received.envelope.id in self.unindexable]
        async with self.database.transaction() as session:
            written = await inbox.store(session, [row_of(received, utc_now()) for received in batch])
        for received in batch:
            if key_of(received.envelope) in written:
                name = (received.envelope.origin, received.envelope.id, received.envelope.revision)
                self.effects[name] = self.effects.get(name, 0) + 1
        if self.crash_after_commit:
            self.crash_after_commit = False
            raise Crash
        if meanwhile := self.meanwhile:
            self.meanwhile = None
            await meanwhile()
        return [
            Unreadable("CATALOG", one.subject, one.envelope.origin, Reason.NOT_INDEXABLE, one.data) for one in unfit
        ]

    async def park(self, messages: Sequence[Unreadable]) -> None:
        async with self.database.transaction() as session:
            for message in messages:
                await parked.park(session, message, utc_now())

    async def parked(self) -> list[ParkedSummary]:
        async with self.database.reading() as session:
            return await parked.list_parked(session, 1_000)

    async def versions(self) -> dict[str, Version]:
        """Give what is applied, by id, of every region's offers."""
        async with self.database.reading() as session:
            keys = [RecordKey(region, "offer", name) for region, name, _ in self.effects]
            return {key.record_id: row.version for key, row in (await inbox.versions(session, keys)).items()}

    def reader(
        self, connection: NatsConnection, durable: str = "search", guard: FloodGuard | None = None
    ) -> CatalogReader:
        return CatalogReader(connection, "CATALOG", durable, self.verify, self.apply, self.park, guard=guard)


class Crash(BaseException):
    """The process ends here: nothing of ours catches it, so nothing is acknowledged."""


def key_of(envelope: Envelope) -> RecordKey:
    return RecordKey(RegionId(envelope.origin), envelope.kind, envelope.id)


def row_of(received: Received, moment: datetime) -> InboxRow:
    envelope = received.envelope
    version = Version(envelope.epoch, envelope.revision)
    return InboxRow(key_of(envelope), version, envelope.deleted, envelope.outbox_seq, moment)
