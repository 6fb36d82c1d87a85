"""From the referral service's message on the node's own broker to the inbox: real NATS, real permissions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.common.crypto.keys import Signer, create_nkey
from services.common.db import parked
from services.common.errors import MendTheState
from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.common.messaging.envelope import seal
from services.common.messaging.subjects import local_subject
from services.common.rpc.callers import Role
from services.node.broker.region import RegionConfig
from services.node.broker.setup import node_init
from services.node.servers.nats import running_nats
from services.node.servers.ports import free_port
from services.notify.app import running
from services.notify.settings import BrokerSettings
from tests.integration.notify.world import REGION, Home, Referral, World, new_referral, record_of
from tests.support.processes import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass
class Broker:
    """The node's own broker with the users of its services."""

    home: Home
    port: int
    referral: NatsConnection

    @property
    def settings(self) -> BrokerSettings:
        return BrokerSettings(url=f"nats://127.0.0.1:{self.port}", nkey_seed_file=self.home.folder / "notify.nk")

    async def say(self, referral: Referral, state: str, version: int, *, signer: Signer | None = None) -> None:
        """Publish as the referral service does."""
        record = record_of(referral.says(state, version))
        subject = local_subject("referral", record.kind, record.record_id)
        data = seal(record, version, subject, REGION, signer or self.home.signer)
        await self.referral.jetstream.publish(subject, data)


@pytest_asyncio.fixture(loop_scope="session")
async def broker(home: Home) -> AsyncIterator[Broker]:
    async with running_broker(home, free_port()) as made:
        yield made


@asynccontextmanager
async def running_broker(home: Home, port: int) -> AsyncIterator[Broker]:
    nkeys = {user: create_nkey(home.folder / f"{user}.nk") for user in ("admin", "referral", "notify")}
    services = {user: nkeys[user] for user in ("referral", "notify")}
    config = RegionConfig(REGION, port, home.folder / "jetstream", nkeys["admin"], services)
    (home.folder / "nats.conf").write_text(config.render())
    url = f"nats://127.0.0.1:{port}"
    async with running_nats(home.folder / "nats.conf", port=port, log_path=home.folder / "nats.log"):
        async with connect_nats(NatsSettings(url, "admin", home.folder / "admin.nk")) as admin:
            await node_init(admin, {"notify": "node.referral.>"})
        wanted = NatsSettings(url, "referral", home.folder / "referral.nk", "_INBOX_referral")
        async with connect_nats(wanted) as referral:
            await referral.until_connected()
            yield Broker(home, port, referral)


async def inbox_is(world: World, count: int) -> None:
    async with world.caller(Role.COUNSELLOR) as desk:

        async def there() -> bool:
            return len(await desk.notifications()) == count

        await until(there, f"{count} notifications", seconds=20)


async def test_what_the_referral_service_says_reaches_the_inbox_once(
    home: Home, broker: Broker, database_url: str
) -> None:
    settings = home.settings(database_url, own_broker=broker.settings)
    referral = new_referral("TARGET")
    await broker.say(referral, "DELIVERED", 3)  # before the service runs
    async with running(settings) as service:
        world = World(home, service)
        await inbox_is(world, 1)
        await broker.say(referral, "IN_REVIEW", 4)
        await broker.say(referral, "DELIVERED", 3)
        await broker.say(referral, "IN_REVIEW", 4)
        await broker.say(referral, "ACCEPTED", 5)
        await inbox_is(world, 3)
        assert service.reader is not None

        async def all_read() -> bool:
            return service.reader is not None and service.reader.state.applied == 5

        await until(all_read, "five messages read")
        await inbox_is(world, 3)
    async with running(settings) as service:
        await inbox_is(World(home, service), 3)


async def test_a_message_that_is_forged_or_says_nothing_is_parked_and_the_next_is_told(
    home: Home, broker: Broker, tmp_path: Path
) -> None:
    settings = home.settings(f"sqlite+aiosqlite:///{tmp_path}/n.db", own_broker=broker.settings)
    async with running(settings) as service:
        await broker.say(new_referral(), "DELIVERED", 3, signer=Signer(Ed25519PrivateKey.generate()))
        await broker.say(new_referral(), "UNSPECIFIED", 3)
        await broker.say(new_referral(), "DELIVERED", 3)
        await inbox_is(World(home, service), 1)

        async def two_parked() -> bool:
            async with service.database.reading() as session:
                found = await parked.list_parked(session, 10)
            return sorted(str(one.reason) for one in found) == ["BODY_INVALID", "KEY_UNKNOWN"]

        await until(two_parked, "two parked messages")


async def test_news_that_no_key_in_force_had_signed_is_told_once_by_a_replay(
    home: Home, broker: Broker, database_url: str
) -> None:
    settings = home.settings(database_url, own_broker=broker.settings)
    new_key = Signer(Ed25519PrivateKey.generate())
    referral = new_referral()
    async with running(settings) as service:
        await broker.say(referral, "DELIVERED", 3, signer=new_key)
        await broker.say(new_referral(), "UNSPECIFIED", 3)

        async def both() -> bool:
            return await service.parked.counts() == {"": 1, REGION: 1}

        await until(both, "two parked messages")
        nothing, news = sorted(await service.parked.page(10, None, None), key=lambda one: one.reason)
        assert [nothing.reason, news.reason] == ["BODY_INVALID", "KEY_UNKNOWN"]
        for one in (nothing, news):
            with pytest.raises(MendTheState) as refusal:
                await service.parked.replay(one.id)
            assert refusal.value.metadata == {"park_reason": one.reason}
    home.publish_members(2, home.signer, new_key)
    async with running(settings) as service:
        assert await service.parked.replay(news.id) is True
        await inbox_is(World(home, service), 1)
        await broker.say(referral, "DELIVERED", 3)
        await broker.say(new_referral(), "DELIVERED", 3)
        await inbox_is(World(home, service), 2)
        assert [one.id for one in await service.parked.page(10, None, None)] == [nothing.id]


async def test_the_service_starts_before_its_broker_and_says_how_it_is(home: Home, tmp_path: Path) -> None:
    port = free_port()
    own = BrokerSettings(url=f"nats://127.0.0.1:{port}", nkey_seed_file=home.folder / "notify.nk")
    create_nkey(home.folder / "notify.nk")
    url = f"sqlite+aiosqlite:///{tmp_path}/n.db"
    settings = home.settings(url, own_broker=own, ops_address="127.0.0.1:0")
    async with running(settings) as service, aiohttp.ClientSession() as web:
        async with web.get(f"http://127.0.0.1:{service.ops_port}/readyz") as answer:
            assert answer.status == 200
        async with web.get(f"http://127.0.0.1:{service.ops_port}/metrics") as answer:
            text = await answer.text()
        assert "lotse_rpc_calls" in text
        assert 'lotse_reader_parked{stream="NODE"} 0.0' in text
        assert service.connection is not None
        assert not service.connection.connected
