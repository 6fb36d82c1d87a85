"""A hub with real permissions, as the template writes them, and what tests send to it."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lotse.federation.v1.envelope_pb2 import MEMBER_STATE_ACTIVE, Member, MemberList, MemberState, SigningKey
from services.common.crypto.keys import Signer, create_nkey
from services.common.db import inbox, outbox, parked
from services.common.db.engine import Database, connect_database
from services.common.db.outbox import OutboxRecord, OutboxRow
from services.common.db.tables import service_registry
from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.common.messaging.envelope import seal
from services.common.messaging.members import Members
from services.common.messaging.subjects import catalog_subject
from services.common.names import RegionId
from services.node.broker.hub import HubConfig
from services.node.broker.setup import hub_init
from services.node.servers.nats import NatsProcess, running_nats
from services.node.servers.ports import free_port

DRESDEN, LEIPZIG = RegionId("dresden"), RegionId("leipzig")
REGIONS = (DRESDEN, LEIPZIG)
States = Mapping[RegionId, MemberState.ValueType]
ALL_ACTIVE: States = {}
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class Lab:
    """Keys, users and the configuration of one hub; the server itself may come and go."""

    folder: Path
    port: int
    regions: tuple[RegionId, ...] = REGIONS
    sync_interval: str = "always"
    signers: dict[RegionId, Signer] = field(default_factory=dict)
    nkeys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for user in ("sys", "admin", "search", "stranger", *self.regions):
            self.nkeys[user] = create_nkey(self.seed(user))
        self.signers = {region: Signer(Ed25519PrivateKey.generate()) for region in self.regions}
        self.write_config()

    @property
    def config(self) -> Path:
        return self.folder / "hub.conf"

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def seed(self, user: str) -> Path:
        return self.folder / f"{user}.nk"

    def write_config(self, without: Sequence[RegionId] = ()) -> None:
        config = HubConfig(
            port=self.port,
            store_dir=self.folder / "jetstream",
            system_nkey=self.nkeys["sys"],
            admin_nkey=self.nkeys["admin"],
            search_nkey=self.nkeys["search"],
            regions={region: self.nkeys[region] for region in self.regions if region not in without},
            sync_interval=self.sync_interval,
        )
        self.config.write_text(config.render())

    @asynccontextmanager
    async def running(self, *, prepare: bool = True) -> AsyncIterator[NatsProcess]:
        """Run the hub; with `prepare` its streams and durables are there."""
        async with running_nats(self.config, port=self.port, log_path=self.folder / "hub.log") as server:
            if prepare:
                async with self.connected("admin") as admin:
                    await hub_init(admin, self.regions)
            yield server

    def settings(self, user: str, *, port: int | None = None) -> NatsSettings:
        prefix = f"_INBOX_{user}" if user in self.regions else "_INBOX"
        url = f"nats://127.0.0.1:{port}" if port else self.url
        return NatsSettings(url, user, self.seed(user), prefix)

    @asynccontextmanager
    async def connected(self, user: str) -> AsyncIterator[NatsConnection]:
        async with connect_nats(self.settings(user)) as connection:
            await asyncio.wait_for(connection.until_connected(), 10)
            yield connection

    def members(self, states: States = ALL_ACTIVE) -> Members:
        return Members(self.member_list(states))

    def member_list(self, states: States = ALL_ACTIVE, serial: int = 1) -> MemberList:
        return MemberList(
            serial=serial,
            members=[
                Member(
                    region=region,
                    display_name=region.title(),
                    state=states.get(region, MEMBER_STATE_ACTIVE),
                    signing_keys=[SigningKey(key_id=signer.key_id, public_key=signer.public_bytes)],
                    nkey=self.nkeys[region],
                )
                for region, signer in self.signers.items()
            ],
        )

    def sealed(self, region: RegionId, record_id: str, revision: int = 1, body: bytes = b"x") -> tuple[str, bytes]:
        """Give subject and signed bytes of an offer of that region."""
        subject = catalog_subject(region, "offer", record_id)
        return subject, seal(record(record_id, revision, body), revision, subject, region, self.signers[region])


def new_lab(folder: Path, **options: object) -> Lab:
    """Make a lab in a folder of its own."""
    return Lab(folder, free_port(), **options)  # type: ignore[arg-type]  # passed through


def record(record_id: str, revision: int = 1, body: bytes = b"x", *, deleted: bool = False) -> OutboxRecord:
    return OutboxRecord("offer", record_id, 1, revision, deleted, b"" if deleted else body, NOON)


@asynccontextmanager
async def store(folder: Path, name: str = "store", url: str | None = None) -> AsyncIterator[Database]:
    """Open a database with outbox, inbox and parked messages; what is in it stays. Without a URL it is SQLite."""
    registry = service_registry("lab", *outbox.TABLES, *inbox.TABLES, *parked.TABLES)
    async with connect_database(url or f"sqlite+aiosqlite:///{folder}/{name}.db") as database:
        async with database.engine.begin() as connection:
            await connection.run_sync(registry.metadata.create_all)
        yield database


async def write(database: Database, *records: OutboxRecord, target: str = "hub") -> None:
    async with database.transaction() as session:
        await outbox.add_many(session, records, [target])


async def waiting_rows(database: Database, target: str = "hub") -> list[OutboxRow]:
    async with database.reading() as session:
        return await outbox.oldest(session, target, 100_000)


async def until(condition: Callable[[], Awaitable[bool]] | Callable[[], bool], seconds: float = 20.0) -> None:
    """Poll until the condition holds; fails the test when it does not in time."""
    async with asyncio.timeout(seconds):
        while True:
            answer = condition()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.01 + random.random() / 100)


async def nothing_waits(database: Database) -> bool:
    return not await waiting_rows(database)


async def count_messages(connection: NatsConnection, stream: str = "CATALOG") -> int:
    return (await connection.jetstream.stream_info(stream)).state.messages


async def settled(connection: NatsConnection) -> None:
    """Wait until the server has dealt with everything sent so far, refusals included.

    Twice, because the library puts a ping before what it has not written yet.
    """
    await connection.client.flush()
    await connection.client.flush()
