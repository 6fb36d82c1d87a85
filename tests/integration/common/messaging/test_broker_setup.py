"""Setting brokers up: idempotent at the hub, and on a region's own broker each service keeps to itself."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import nats.errors
import pytest
from nats.js.api import ConsumerInfo

from services.common.crypto.keys import create_nkey
from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.common.messaging.streams import newest_message
from services.common.messaging.subjects import CATALOG, MAIL, NODE
from services.common.names import RegionId
from services.node.broker.region import SERVICES, RegionConfig
from services.node.broker.setup import hub_init, node_init
from services.node.servers.nats import running_nats
from services.node.servers.ports import free_port
from tests.integration.common.messaging.lab import DRESDEN, Lab, settled

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def durables(admin: NatsConnection, stream: str) -> dict[str, ConsumerInfo]:
    return {str(info.name): info for info in await admin.jetstream.consumers_info(stream)}


async def test_a_repeated_set_up_changes_nothing_and_loses_nothing(shared_lab: Lab) -> None:
    async with shared_lab.connected("admin") as admin, shared_lab.connected(DRESDEN) as dresden:
        await dresden.client.request("fed.cat.dresden.offer.kept", b"x", timeout=2)
        streams = [(await admin.jetstream.stream_info(name)).config for name in (CATALOG, MAIL)]
        readers = {name: info.config for name, info in (await durables(admin, CATALOG)).items()}
        await hub_init(admin, shared_lab.regions)
        assert [(await admin.jetstream.stream_info(name)).config for name in (CATALOG, MAIL)] == streams
        assert {name: info.config for name, info in (await durables(admin, CATALOG)).items()} == readers
        assert await newest_message(admin, CATALOG, "fed.cat.dresden.offer.kept") is not None


async def test_a_region_that_joins_gets_its_durables_beside_the_others(lab: Lab) -> None:
    async with lab.running(), lab.connected("admin") as admin:
        await hub_init(admin, [*lab.regions, RegionId("zwickau")])
        assert sorted(await durables(admin, CATALOG)) == ["dresden", "leipzig", "search", "zwickau"]
        mail = {name: info.config.filter_subject for name, info in (await durables(admin, MAIL)).items()}
        assert mail == {name: f"fed.to.{name}.>" for name in ("dresden", "hub", "leipzig", "zwickau")}


async def test_streams_are_set_as_designed(shared_lab: Lab) -> None:
    async with shared_lab.connected("admin") as admin:
        catalog = (await admin.jetstream.stream_info(CATALOG)).config
        mail = (await admin.jetstream.stream_info(MAIL)).config
        assert (catalog.max_msgs_per_subject, catalog.discard, catalog.max_bytes) == (1, "new", 4 * 2**30)
        assert (catalog.allow_direct, catalog.allow_msg_ttl, catalog.deny_delete) == (True, True, True)
        assert (mail.retention, mail.max_msgs_per_subject, mail.max_age) == ("workqueue", 1, 30 * 86_400)
        for config in (catalog, mail):
            assert (config.storage, config.duplicate_window, config.max_msg_size) == ("file", 120, 262_144)
        search = (await durables(admin, CATALOG))["search"].config
        assert (search.ack_wait, search.max_ack_pending, search.max_deliver) == (15, 2_000, -1)
        assert (search.ack_policy, search.deliver_policy) == ("explicit", "all")


async def test_on_the_own_broker_each_service_writes_and_reads_only_its_own(tmp_path: Path) -> None:
    port = free_port()
    nkeys = {user: create_nkey(tmp_path / f"{user}.nk") for user in (*SERVICES, "admin")}
    config = RegionConfig(
        region=DRESDEN,
        port=port,
        store_dir=tmp_path / "jetstream",
        admin_nkey=nkeys.pop("admin"),
        services=nkeys,
    )
    (tmp_path / "region.conf").write_text(config.render())

    def settings(user: str) -> NatsSettings:
        prefix = "_INBOX" if user == "admin" else f"_INBOX_{user}"
        return NatsSettings(f"nats://127.0.0.1:{port}", user, tmp_path / f"{user}.nk", prefix)

    async with (
        running_nats(tmp_path / "region.conf", port=port, log_path=tmp_path / "nats.log"),
        AsyncExitStack() as stack,
    ):
        users = {user: await stack.enter_async_context(connect_nats(settings(user))) for user in (*SERVICES, "admin")}
        for _ in range(2):
            await node_init(users["admin"], {"notify": "node.referral.>", "search": "node.directory.>"})
        assert sorted(await durables(users["admin"], NODE)) == ["notify", "search"]
        for user in SERVICES:
            connection = users[user]
            await asyncio.wait_for(connection.until_connected(), 5)
            own = await connection.client.request(f"node.{user}.offer.x", b"x", timeout=2)
            assert b'"stream":"NODE"' in own.data
            foreign = [
                *(f"node.{other}.offer.x" for other in SERVICES if other != user),
                *(f"$JS.API.CONSUMER.MSG.NEXT.NODE.{other}" for other in SERVICES if other != user),
                "$JS.API.STREAM.PURGE.NODE",
                "$JS.API.CONSUMER.DELETE.NODE.notify",
            ]
            for subject in foreign:
                before = connection.violations
                await connection.client.publish(subject, b"")
                await settled(connection)
                assert connection.violations == before + 1, subject
            before = connection.violations
            subscription = await connection.client.subscribe("node.>")
            await settled(connection)
            assert connection.violations == before + 1
            with pytest.raises(nats.errors.TimeoutError):
                await subscription.next_msg(timeout=0.01)
