"""Guarantees that what the outbox holds goes to hub and own broker for as long as the service runs.

A broker that is away hinders nothing: rows wait, and the relay goes on when it is back.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from services.common.clock import Clock
from services.common.crypto.keys import Signer, load_signer
from services.common.db.engine import Database
from services.common.db.outbox import OutboxRow
from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.common.messaging.head import HeadSource
from services.common.messaging.relay import HUB, LOCAL, OutboxRelay
from services.common.messaging.subjects import catalog_subject, local_subject
from services.common.names import RegionId
from services.common.settings import StartupError
from services.directory.settings import DirectorySettings, TargetSettings


@dataclass(frozen=True, slots=True)
class Relays:
    """What carries entries away, by target ("hub", "local"); a target that is not set is absent."""

    connections: dict[str, NatsConnection]
    relays: dict[str, OutboxRelay]


@asynccontextmanager
async def relaying(
    settings: DirectorySettings, database: Database, clock: Clock, head: HeadSource
) -> AsyncIterator[Relays]:
    """Connect and relay to each target that is set; `head` is told to the hub. Leaving stops the relays first.

    Raises StartupError without a signing key, and KeyFileError for a key or seed file of no use.
    """
    region = RegionId(settings.region)
    found = Relays({}, {})
    targets = (
        (HUB, settings.hub, partial(_catalog, region), head),
        (LOCAL, settings.own_broker, _local, None),
    )
    async with AsyncExitStack() as stack:
        for name, target, subject_of, head_source in targets:
            if target is None:
                continue
            signer = _signer(settings)
            connection = await stack.enter_async_context(connect_nats(_connection(target, region)))
            relay = OutboxRelay(
                database,
                connection,
                name,
                region,
                signer,
                settings.epoch,
                clock,
                subject_of=subject_of,
                signal=database.signal,
                head=head_source,
            )
            await stack.enter_async_context(relay.running())
            found.connections[name], found.relays[name] = connection, relay
        yield found


def _signer(settings: DirectorySettings) -> Signer:
    if settings.signing_key_file is None:
        raise StartupError("LOTSE_SIGNING_KEY_FILE: must be set where there is a hub or an own broker")
    return load_signer(settings.signing_key_file)


def _connection(target: TargetSettings, region: RegionId) -> NatsSettings:
    return NatsSettings(target.url, f"{region} directory", target.nkey_seed_file, target.inbox_prefix)


def _catalog(region: RegionId, row: OutboxRow) -> str:
    return catalog_subject(region, row.record.kind, row.record.record_id)


def _local(row: OutboxRow) -> str:
    return local_subject("directory", row.record.kind, row.record.record_id)
