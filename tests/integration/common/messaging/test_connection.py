"""A connection outlives its server, and keeps nothing back that would be sent behind the outbox's back."""

import asyncio
import signal

import nats.errors
import pytest

from services.common.crypto.key_files import KeyFileError
from services.common.messaging.connection import NatsSettings, NotConnected, connect_nats
from tests.integration.common.messaging.lab import DRESDEN, Lab, count_messages, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_what_is_published_without_a_server_is_never_stored_later(lab: Lab) -> None:
    async with connect_nats(lab.settings(DRESDEN)) as connection:
        async with lab.running() as server:
            await connection.until_connected()
            client = connection.client
            server.child.kill()
            await server.child.wait()
            await until(lambda: not connection.connected)
            with pytest.raises(NotConnected):
                _ = connection.client
            for number in range(20):
                with pytest.raises(nats.errors.Error):
                    await client.publish(f"fed.cat.dresden.offer.o{number}", b"x")
        async with lab.running(), lab.connected("admin") as admin:
            await until(lambda: connection.connected)
            await client.flush()
            assert await count_messages(admin) == 0


async def test_the_loss_of_a_server_is_known_at_once(lab: Lab) -> None:
    async with connect_nats(lab.settings(DRESDEN)) as connection:
        async with lab.running() as server:
            await connection.until_connected()
            lost = asyncio.create_task(connection.until_lost())
            server.child.kill()
            await asyncio.wait_for(lost, 2)
            assert not connection.connected
        async with lab.running():
            await asyncio.wait_for(connection.until_connected(), 10)
            assert connection.sessions == 2


async def test_a_frozen_server_is_given_up(lab: Lab) -> None:
    async with lab.running() as server, lab.connected(DRESDEN) as connection:
        server.child.signal(signal.SIGSTOP)
        await until(lambda: not connection.connected, 25)
        server.child.signal(signal.SIGCONT)
        await until(lambda: connection.connected, 25)


async def test_leaving_while_there_never_was_a_server_is_quick(lab: Lab) -> None:
    loop = asyncio.get_running_loop()
    async with connect_nats(lab.settings(DRESDEN)):
        await asyncio.sleep(0.1)
        start = loop.time()
    assert loop.time() - start < 2


async def test_a_seed_file_of_no_use_is_told_at_the_start(lab: Lab) -> None:
    lab.seed("dresden").chmod(0o644)
    with pytest.raises(KeyFileError):
        async with connect_nats(NatsSettings(lab.url, "dresden", lab.seed("dresden"))):
            pass
