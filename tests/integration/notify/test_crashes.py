"""Processes that end in the middle: nothing is lost, nothing is mailed twice."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lotse.notify.v1 import notify_pb2 as notify
from services.common.rpc.callers import Role
from services.common.rpc.client import connect
from services.node.servers.ports import free_port
from services.notify.app import running
from services.notify.settings import NotifySettings
from tests.integration.notify.world import Client, Home, World, new_referral, plain_smtp
from tests.support.mail import running_faulty
from tests.support.processes import environment_of, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

UNKNOWN, SENT, PENDING = notify.DELIVERY_STATE_UNKNOWN, notify.DELIVERY_STATE_SENT, notify.DELIVERY_STATE_PENDING


@asynccontextmanager
async def program(settings: NotifySettings) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `python -m services.notify` until it serves; it is killed at the end if it still runs."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        **environment_of(settings),
        "LOTSE_RETRY_SECONDS": "[0.05, 0.1]",
    }
    command = (sys.executable, "-m", "services.notify")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(30):
            while b"server.started" not in (line := await process.stderr.readline()):
                assert line, "the program ended before it served"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def prepared(home: Home, url: str, port: int) -> None:
    """Make a database in which one mail waits, for a server that is not there."""
    async with running(home.settings(url, smtp=plain_smtp(port), default_recipient="")) as service:
        world = World(home, service)
        async with world.caller(Role.COORDINATOR) as office:
            await office.add("mail", email="a@example.org", channels=[notify.CHANNEL_MAIL])
            await world.hear(new_referral().says("DELIVERED", 3))


@asynccontextmanager
async def office_of(home: Home, address: str) -> AsyncIterator[Client]:
    async with connect(address, home.token(Role.COORDINATOR)) as channel:
        yield Client(channel)


async def test_a_kill_between_handed_over_and_sent_leaves_an_unknown_that_is_not_sent_again(
    home: Home, database_url: str
) -> None:
    port, address = free_port(), f"127.0.0.1:{free_port()}"
    await prepared(home, database_url, port)
    settings = home.settings(database_url, smtp=plain_smtp(port, data_timeout_seconds=60), default_recipient="")
    settings = settings.model_copy(update={"server": settings.server.model_copy(update={"address": address})})
    async with running_faulty(port=port) as server:
        server.after_text.append("hang")
        async with program(settings) as first:

            async def text_came() -> bool:
                return len(server.texts) == 1

            await until(text_came, "the text of the mail")
            async with office_of(home, address) as office:
                assert [one.state for one in await office.deliveries()] == [PENDING]
            first.send_signal(signal.SIGKILL)
            await first.wait()
        async with program(settings), office_of(home, address) as office:

            async def unknown() -> bool:
                return [one.state for one in await office.deliveries()] == [UNKNOWN]

            await until(unknown, "unknown")
            for _ in range(10):
                assert await unknown()
                assert len(server.texts) == 1
                await asyncio.sleep(0.05)
            [delivery] = await office.deliveries()
            await office.call("ResendDelivery", name=delivery.name)

            async def sent() -> bool:
                return [one.state for one in await office.deliveries()] == [SENT]

            await until(sent, "sent")
            assert len(server.texts) == 2


async def test_a_kill_before_the_text_loses_nothing(home: Home, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/n.db"
    port, address = free_port(), f"127.0.0.1:{free_port()}"
    await prepared(home, url, port)
    settings = home.settings(url, smtp=plain_smtp(port), default_recipient="")
    settings = settings.model_copy(update={"server": settings.server.model_copy(update={"address": address})})
    async with program(settings) as first:
        first.send_signal(signal.SIGKILL)
        await first.wait()
    async with running_faulty(port=port) as server, program(settings), office_of(home, address) as office:

        async def sent() -> bool:
            return [one.state for one in await office.deliveries()] == [SENT]

        await until(sent, "sent")
        assert len(server.texts) == 1


async def test_an_orderly_stop_lets_a_mail_under_way_come_to_its_end(home: Home, database_url: str) -> None:
    async with running_faulty() as server:
        server.after_text.append("hang")
        settings = home.settings(database_url, smtp=plain_smtp(server.port, data_timeout_seconds=20))
        async with running(settings) as service:
            world = World(home, service)
            async with world.caller(Role.COORDINATOR) as office:
                await office.add("mail", email="a@example.org", channels=[notify.CHANNEL_MAIL])
                await world.hear(new_referral().says("DELIVERED", 3))

            async def text_came() -> bool:
                return len(server.texts) == 1

            await until(text_came, "the text of the mail")
            # The server answers while the service is already stopping.
            server.after_text.clear()
            asyncio.get_running_loop().call_later(0.5, server.released.set)
        settings = home.settings(database_url)
        async with running(settings) as service, World(home, service).caller(Role.COORDINATOR) as office:
            states = {one.channel: one.state for one in await office.deliveries()}
            assert states[notify.CHANNEL_MAIL] in {SENT, PENDING}


async def test_two_processes_on_one_postgres_send_each_mail_once(home: Home, postgres_database_url: str) -> None:
    async with running_faulty() as server:
        settings = home.settings(postgres_database_url, smtp=plain_smtp(server.port), default_recipient="")
        async with running(settings) as one, running(settings) as two:
            first, second = World(home, one), World(home, two)
            async with first.caller(Role.COORDINATOR) as office:
                await office.add("mail", email="a@example.org", channels=[notify.CHANNEL_MAIL])
                events = [new_referral().says("DELIVERED", 3) for _ in range(10)]
                await asyncio.gather(first.hear(*events), second.hear(*reversed(events)))

                async def all_sent() -> bool:
                    return [delivery.state for delivery in await office.deliveries()] == [SENT] * 10

                await until(all_sent, "ten mails")
        assert len(server.texts) == 10
