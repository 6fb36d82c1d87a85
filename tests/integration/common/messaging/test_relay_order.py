"""An old version never ends as a record's newest, however late the network delivers it."""

from contextlib import AsyncExitStack
from functools import partial

import pytest

from services.common.db.engine import Database
from services.common.messaging.connection import connect_nats
from services.common.messaging.subjects import catalog_subject
from services.node.servers.nats import NatsProcess
from tests.integration.common.messaging.holding_proxy import HoldingProxy
from tests.integration.common.messaging.lab import DRESDEN, Lab, nothing_waits, record, store, until, write
from tests.integration.common.messaging.test_relay import relay_of, stored

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_version_that_arrives_late_does_not_replace_a_newer_one(
    lab: Lab, hub: NatsProcess, database: Database
) -> None:
    proxy = HoldingProxy(lab.port)
    async with (
        proxy.running(),
        lab.connected("admin") as admin,
        connect_nats(lab.settings(DRESDEN, port=proxy.port)) as connection,
    ):
        await connection.until_connected()
        relay = relay_of(lab, database, connection, silence_seconds=0.3)
        proxy.hold_next(catalog_subject(DRESDEN, "offer", "a"))
        await write(database, record("a", 1, b"old"))
        assert await relay.drain_once() == 0
        assert proxy.holds
        await write(database, record("a", 2, b"new"))
        while not await nothing_waits(database):
            await relay.drain_once()
        await proxy.release()
        await connection.client.flush()
        assert (await stored(admin, DRESDEN, "a")).body == b"new"


async def test_changes_during_an_unknown_publish_all_arrive_in_the_end(
    lab: Lab, hub: NatsProcess, database: Database
) -> None:
    proxy = HoldingProxy(lab.port)
    async with (
        proxy.running(),
        lab.connected("admin") as admin,
        connect_nats(lab.settings(DRESDEN, port=proxy.port)) as connection,
    ):
        await connection.until_connected()
        async with relay_of(lab, database, connection, silence_seconds=0.3).running():
            proxy.hold_next(catalog_subject(DRESDEN, "offer", "a"))
            for revision in range(1, 21):
                await write(database, record("a", revision), record(f"other-{revision}"))
            await until(partial(nothing_waits, database))
        assert (await stored(admin, DRESDEN, "a")).revision == 20
        assert proxy.holds
        await proxy.release()
        await connection.client.flush()
        assert (await stored(admin, DRESDEN, "a")).revision == 20


async def test_of_two_replicas_one_relays_and_the_other_takes_over(
    lab: Lab, hub: NatsProcess, postgres_database_url: str
) -> None:
    """Both have a link that holds their first publish of "a": only one of them may ever try."""
    proxies = HoldingProxy(lab.port), HoldingProxy(lab.port)
    async with AsyncExitStack() as stack:
        relays = []
        for proxy in proxies:
            database = await stack.enter_async_context(store(lab.folder, url=postgres_database_url))
            await stack.enter_async_context(proxy.running())
            settings = lab.settings(DRESDEN, port=proxy.port)
            connection = await stack.enter_async_context(connect_nats(settings))
            proxy.hold_next(catalog_subject(DRESDEN, "offer", "a"))
            relays.append(await stack.enter_async_context(AsyncExitStack()))
            await relays[-1].enter_async_context(relay_of(lab, database, connection, silence_seconds=0.3).running())
        await write(database, record("a"))
        await until(partial(nothing_waits, database))
        assert [proxy.holds for proxy in proxies].count(True) == 1
        leader = 0 if proxies[0].holds else 1
        await relays[leader].aclose()
        await write(database, record("a", 2))
        await until(partial(nothing_waits, database))
        assert all(proxy.holds for proxy in proxies)
