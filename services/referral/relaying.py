"""Guarantees that what the outbox holds goes to hub and own broker, and that this region's mail is read from the hub.

A broker that is away hinders nothing: rows wait, mail waits, and both go on when it is back.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from services.common.clock import Clock
from services.common.crypto.keys import Signer
from services.common.db import parked
from services.common.db.engine import Database
from services.common.db.outbox import OutboxRecord, OutboxRow
from services.common.db.parked import Unreadable
from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.common.messaging.consumer import CatalogReader
from services.common.messaging.envelope import verifying
from services.common.messaging.members_file import MembersFile
from services.common.messaging.relay import HUB, LOCAL, OutboxRelay
from services.common.messaging.subjects import MAIL
from services.common.names import RegionId
from services.referral.adapters.mailing import change_subject_of, change_told, mail_subject_of, mail_told
from services.referral.consumer import MailApplier
from services.referral.settings import BrokerSettings, ReferralSettings

SubjectOf = Callable[[OutboxRow], str]
RecordOf = Callable[[OutboxRow], OutboxRecord]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What carries mail and changes, by target ("hub", "local"); a target that is not set is absent."""

    connections: dict[str, NatsConnection]
    relays: dict[str, OutboxRelay]
    readers: dict[str, CatalogReader]


@dataclass(frozen=True, slots=True)
class Line:
    """What a relay needs beside its target."""

    settings: ReferralSettings
    database: Database
    signer: Signer
    clock: Clock

    def relay(self, name: str, connection: NatsConnection, subject_of: SubjectOf, record_of: RecordOf) -> OutboxRelay:
        """Make the relay of one target."""
        return OutboxRelay(
            self.database,
            connection,
            name,
            RegionId(self.settings.region),
            self.signer,
            self.settings.epoch,
            self.clock,
            subject_of=subject_of,
            record_of=record_of,
        )

    async def park(self, messages: Sequence[Unreadable]) -> None:
        """Keep messages that cannot be applied."""
        async with self.database.transaction() as session:
            for message in messages:
                await parked.park(session, message, self.clock())

    def connection(self, broker: BrokerSettings) -> NatsSettings:
        """Say where to connect and as whom."""
        name = f"{self.settings.region} referral"
        return NatsSettings(broker.url, name, broker.nkey_seed_file, broker.inbox_prefix)


@asynccontextmanager
async def exchanging(line: Line, members: MembersFile, applier: MailApplier) -> AsyncIterator[Traffic]:
    """Connect, relay and read; leaving stops all of it. Raises KeyFileError for a seed file of no use."""
    settings, found = line.settings, Traffic({}, {}, {})
    mail = partial(mail_subject_of, RegionId(settings.region))
    targets = (
        (HUB, settings.hub, mail, mail_told),
        (LOCAL, settings.own_broker, change_subject_of, change_told),
    )
    async with AsyncExitStack() as stack:
        for name, broker, subject_of, record_of in targets:
            if broker is None:
                continue
            connection = await stack.enter_async_context(connect_nats(line.connection(broker)))
            relay = line.relay(name, connection, subject_of, record_of)
            await stack.enter_async_context(relay.running())
            found.connections[name], found.relays[name] = connection, relay
        if HUB in found.connections:
            reader = CatalogReader(
                found.connections[HUB],
                MAIL,
                settings.hub_durable or settings.region,
                verifying(members, line.clock),
                applier.apply,
                line.park,
                clock=line.clock,
            )
            await stack.enter_async_context(reader.running())
            found.readers[HUB] = reader
        yield found
