"""A real hub, real brokers, and the referral services of two regions in one process; their keys are made here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from lotse.federation.v1.envelope_pb2 import MEMBER_STATE_ACTIVE, Member, MemberList, MemberState, SigningKey
from lotse.federation.v1.envelope_pb2 import SealingKey as PublicSealingKey
from lotse.referral.v1 import case_requests_pb2, referral_requests_pb2
from lotse.referral.v1.referral_service_pb2_grpc import ReferralServiceStub
from services.common.clock import Clock, utc_now
from services.common.crypto.keys import Signer, create_nkey, create_signer
from services.common.crypto.sealing import SealingKey, create_sealing_key
from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.common.messaging.members import write_members
from services.common.names import RegionId
from services.common.rpc.auth import create_token
from services.common.rpc.callers import Role
from services.common.rpc.client import RpcError, connect
from services.common.rpc.server import QuotaSettings, ServerSettings
from services.node.broker.hub import HubConfig
from services.node.broker.region import RegionConfig
from services.node.broker.setup import hub_init, node_init
from services.node.servers.nats import running_nats
from services.node.servers.ports import free_port
from services.referral.app import RunningReferral, running
from services.referral.settings import BrokerSettings, ReferralSettings

DRESDEN, LEIPZIG, CHEMNITZ = RegionId("dresden"), RegionId("leipzig"), RegionId("chemnitz")
REGIONS = (DRESDEN, LEIPZIG, CHEMNITZ)
OFFER = "regions/leipzig/offers/anerkennung"
SECONDS = 30.0
_MODULES = (case_requests_pb2, referral_requests_pb2)


@dataclass
class Home:
    """One region's files and keys."""

    region: RegionId
    folder: Path
    signer: Signer = field(init=False)
    sealing: SealingKey = field(init=False)
    hub_nkey: str = field(init=False)
    broker_nkeys: dict[str, str] = field(init=False)
    broker_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.signer = create_signer(self.folder / "signing.key")
        self.sealing = create_sealing_key(self.folder / "sealing.key")
        self.hub_nkey = create_nkey(self.folder / "hub.nk")
        self.broker_nkeys = {user: create_nkey(self.folder / f"{user}.nk") for user in ("admin", "referral", "notify")}
        self.token(Role.COUNSELLOR)

    def token(self, role: Role) -> str:
        lifetime = timedelta(days=365)
        path = self.folder / "tokens.json"
        return create_token(path, utc_now, region=self.region, role=role, name="console", lifetime=lifetime)

    def member(self, state: MemberState.ValueType) -> Member:
        return Member(
            region=self.region,
            display_name=self.region.title(),
            state=state,
            signing_keys=[SigningKey(key_id=self.signer.key_id, public_key=self.signer.public_bytes)],
            nkey=self.hub_nkey,
            sealing_keys=[PublicSealingKey(key_id=self.sealing.key_id, public_key=self.sealing.public_bytes)],
        )


@dataclass
class World:
    """The federation: its folder holds everything that anybody stores."""

    folder: Path
    hub_port: int = field(default_factory=free_port)
    homes: dict[RegionId, Home] = field(init=False)
    root: Signer = field(init=False)
    serial: int = 0
    databases: dict[RegionId, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.homes = {region: Home(region, self.folder / region) for region in REGIONS}
        self.root = create_signer(self.folder / "root.key")
        self.users = {user: create_nkey(self.folder / f"{user}.nk") for user in ("sys", "admin", "search")}
        self.write_members()

    @property
    def members_file(self) -> Path:
        return self.folder / "members.binpb"

    @property
    def hub_url(self) -> str:
        return f"nats://127.0.0.1:{self.hub_port}"

    def write_members(self, states: Mapping[RegionId, MemberState.ValueType] | None = None) -> None:
        self.serial += 1
        members = [home.member((states or {}).get(home.region, MEMBER_STATE_ACTIVE)) for home in self.homes.values()]
        write_members(self.members_file, MemberList(serial=self.serial, members=members), self.root)

    @asynccontextmanager
    async def hub(self) -> AsyncIterator[None]:
        """Run the hub, configured as in earnest."""
        config = HubConfig(
            port=self.hub_port,
            store_dir=self.folder / "hub-store",
            system_nkey=self.users["sys"],
            admin_nkey=self.users["admin"],
            search_nkey=self.users["search"],
            regions={region: home.hub_nkey for region, home in self.homes.items()},
        )
        path = self.folder / "hub.conf"
        path.write_text(config.render())
        async with running_nats(path, port=self.hub_port, log_path=self.folder / "hub.log"):
            async with self.admin() as connection:
                await hub_init(connection, REGIONS)
            yield

    @asynccontextmanager
    async def broker(self, region: RegionId) -> AsyncIterator[str]:
        """Run a region's own broker."""
        home = self.homes[region]
        config = RegionConfig(
            region=region,
            port=home.broker_port,
            store_dir=home.folder / "broker-store",
            admin_nkey=home.broker_nkeys["admin"],
            services={name: home.broker_nkeys[name] for name in ("referral", "notify")},
        )
        path = home.folder / "broker.conf"
        path.write_text(config.render())
        url = f"nats://127.0.0.1:{home.broker_port}"
        async with running_nats(path, port=home.broker_port, log_path=home.folder / "broker.log"):
            admin = NatsSettings(url, "admin", home.folder / "admin.nk")
            async with connect_nats(admin) as connection:
                await node_init(connection, {"notify": "node.referral.>"})
            yield url

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[NatsConnection]:
        async with connect_nats(NatsSettings(self.hub_url, "admin", self.folder / "admin.nk")) as connection:
            await asyncio.wait_for(connection.until_connected(), SECONDS)
            yield connection

    @asynccontextmanager
    async def as_region(self, region: RegionId) -> AsyncIterator[NatsConnection]:
        """Connect to the hub as a region's user: a compromised node can do no more."""
        settings = NatsSettings(self.hub_url, region, self.homes[region].folder / "hub.nk", f"_INBOX_{region}")
        async with connect_nats(settings) as connection:
            await asyncio.wait_for(connection.until_connected(), SECONDS)
            yield connection

    def settings(self, region: RegionId, *, broker: bool = False, **changes: Any) -> ReferralSettings:
        home = self.homes[region]
        own = BrokerSettings(
            url=f"nats://127.0.0.1:{home.broker_port}",
            nkey_seed_file=home.folder / "referral.nk",
            inbox_prefix="_INBOX_referral",
        )
        given: dict[str, Any] = {
            "region": region,
            "server": ServerSettings(
                tokens_file=home.folder / "tokens.json", quota=QuotaSettings(rate=10_000, burst=10_000)
            ),
            "referral_database_url": self.databases.get(region, f"sqlite+aiosqlite:///{home.folder}/referral.db"),
            "members_file": self.members_file,
            "root_public_key": self.root.public_bytes.hex(),
            "signing_key_file": home.folder / "signing.key",
            "sealing_key_file": home.folder / "sealing.key",
            "hub": BrokerSettings(
                url=self.hub_url, nkey_seed_file=home.folder / "hub.nk", inbox_prefix=f"_INBOX_{region}"
            ),
            "own_broker": own if broker else None,
            "resend_seconds": 1.0,
            "housekeeping_seconds": 0.1,
        }
        return ReferralSettings(**given | changes)

    @asynccontextmanager
    async def node(self, region: RegionId, clock: Clock = utc_now, **changes: Any) -> AsyncIterator["Node"]:
        """Run a region's referral service, with a client of each role."""
        async with AsyncExitStack() as stack:
            service = await stack.enter_async_context(running(self.settings(region, **changes), clock=clock))
            clients = {}
            for role in (Role.COUNSELLOR, Role.HOTLINE, Role.COORDINATOR, Role.EDITOR):
                token = self.homes[region].token(role)
                clients[role] = Client(await stack.enter_async_context(connect(f"127.0.0.1:{service.port}", token)))
            yield Node(region, service, clients)


class Client:
    """Calls the service with one token; requests are keyword arguments."""

    def __init__(self, channel: Any) -> None:
        self._stub: Any = ReferralServiceStub(channel)

    async def call(self, method: str, **fields: Any) -> Any:
        kind = next(getattr(module, f"{method}Request") for module in _MODULES if hasattr(module, f"{method}Request"))
        return await getattr(self._stub, method)(kind(**fields))

    async def refused(self, method: str, **fields: Any) -> RpcError:
        try:
            await self.call(method, **fields)
        except RpcError as error:
            return error
        raise AssertionError(f"{method} was not refused")


@dataclass
class Node:
    """A running service and those who call it."""

    region: RegionId
    service: RunningReferral
    clients: Mapping[Role, Client]

    @property
    def staff(self) -> Client:
        return self.clients[Role.COUNSELLOR]

    async def call(self, method: str, **fields: Any) -> Any:
        return await self.staff.call(method, **fields)

    def name(self, referral: Any) -> str:
        """Name the same referral as this node does."""
        return f"regions/{self.region}/referrals/{referral.name.rpartition('/')[2]}"

    async def seen(self, referral: Any) -> Any:
        """Give the referral as this node knows it; None when it does not."""
        try:
            return (await self.call("GetReferral", name=self.name(referral))).referral
        except RpcError as error:
            if error.reason != "RESOURCE_NOT_FOUND":
                raise
            return None

    async def step(self, method: str, referral: Any, **fields: Any) -> Any:
        """Take a step at the version that this node knows now."""
        known = await self.seen(referral)
        answer = await self.call(method, name=known.name, expected_version=known.version, **fields)
        return answer.referral

    async def until_state(self, referral: Any, state: int, seconds: float = SECONDS) -> Any:
        """Wait until this node knows the referral in a state."""

        async def there() -> bool:
            known = await self.seen(referral)
            return known is not None and known.state == state

        await until(there, seconds)
        return await self.seen(referral)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = SECONDS) -> None:
    """Poll until the condition holds; fails the test when it does not in time."""
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.02)
