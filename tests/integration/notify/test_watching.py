"""The stream: first what nobody has acknowledged, then each commit, each once, until deadline or server end it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc
import pytest
from sqlalchemy.pool import QueuePool

from lotse.notify.v1.notify_service_pb2 import WatchNotificationsRequest
from services.common.rpc.callers import Role
from services.common.rpc.client import RpcError
from services.notify.app import running
from tests.integration.notify.world import PARENT, Client, Home, World, new_referral
from tests.support.processes import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def stream(client: Client, seconds: float = 20.0, **fields: Any) -> AsyncGenerator[Any, None]:
    call = client.stub.WatchNotifications(WatchNotificationsRequest(parent=PARENT, **fields), timeout=seconds)
    try:
        async for answer in call:
            yield answer.notification
    finally:
        # gRPC leaves a call open whose answers are no longer read.
        call.cancel()


async def take(watching: AsyncIterator[Any], count: int) -> list[Any]:
    async with asyncio.timeout(10):
        return [await anext(watching) for _ in range(count)]


async def test_a_watcher_first_gets_what_is_open_and_then_each_commit(world: World, desk: Client) -> None:
    old = [new_referral() for _ in range(3)]
    await world.hear(*(referral.says("DELIVERED", 3) for referral in old))
    newest, *_ = await desk.notifications()
    await desk.call("AcknowledgeNotification", name=newest.name)
    async with aclosing(stream(desk)) as watching:
        assert [one.subject for one in await take(watching, 2)] == [referral.name for referral in old[:2]]
        for _ in range(3):
            fresh = new_referral()
            await world.hear(fresh.says("DELIVERED", 3))
            assert [one.subject for one in await take(watching, 1)] == [fresh.name]


async def test_a_watcher_gets_each_once_while_many_are_committed(world: World, desk: Client) -> None:
    referrals = [new_referral() for _ in range(60)]

    async def hear_all() -> None:
        for start in range(0, 60, 4):
            await world.hear(*(referral.says("DELIVERED", 3) for referral in referrals[start : start + 4]))

    await world.hear(*(referral.says("DELIVERED", 3) for referral in referrals[:4]))
    hearing = asyncio.create_task(hear_all())
    async with aclosing(stream(desk)) as watching:
        got = [one.subject for one in await take(watching, 60)]
    await hearing
    assert got == [referral.name for referral in referrals]


async def test_more_than_a_page_of_open_ones_comes_whole_and_in_order(world: World, desk: Client) -> None:
    referrals = [new_referral() for _ in range(230)]
    await world.hear(*(referral.says("DELIVERED", 3) for referral in referrals))
    async with aclosing(stream(desk)) as watching:
        assert [one.subject for one in await take(watching, 230)] == [referral.name for referral in referrals]


async def test_a_watcher_of_one_recipient_hears_of_no_other(world: World, desk: Client, office: Client) -> None:
    await office.add("one")
    async with aclosing(stream(desk, recipient=f"{PARENT}/recipients/one")) as watching:
        for _ in range(3):
            referral = new_referral()
            await world.hear(referral.says("DELIVERED", 3))
            [told] = await take(watching, 1)
            assert (told.recipient, told.subject) == (f"{PARENT}/recipients/one", referral.name)


async def test_a_stream_ends_with_its_deadline(world: World, desk: Client) -> None:
    started = asyncio.get_running_loop().time()
    codes: list[grpc.StatusCode] = []
    try:
        assert [one async for one in stream(desk, seconds=1.0)] == []
    except RpcError as error:
        codes.append(error.code)
    # The two clocks race: both ends are the deadline.
    assert codes in ([], [grpc.StatusCode.DEADLINE_EXCEEDED])
    assert 0.5 < asyncio.get_running_loop().time() - started < 5


async def test_watchers_that_leave_free_what_they_held(world: World, desk: Client) -> None:
    await world.hear(new_referral().says("DELIVERED", 3))

    before = len(asyncio.all_tasks())
    for _ in range(20):
        async with aclosing(stream(desk)) as watching:
            await take(watching, 1)

    async def gone() -> bool:
        pool = world.service.database.readers.kw["bind"].pool
        held = pool.checkedout() if isinstance(pool, QueuePool) else 0
        # One connection holds the lock of who sends mail, for good.
        return len(asyncio.all_tasks()) <= before and held <= 1

    await until(gone, "the watchers' tasks end", seconds=10)


async def test_the_end_of_the_server_ends_streams_at_once_with_a_reason(home: Home, database_url: str) -> None:
    ended: list[RpcError] = []
    async with running(home.settings(database_url)) as service:
        world = World(home, service)
        channel = world.caller(Role.HOTLINE)
        desk = await channel.__aenter__()
        watching = stream(desk)
        await world.hear(new_referral().says("DELIVERED", 3))
        await take(watching, 1)

        async def wait_for_the_end() -> None:
            try:
                await anext(watching)
            except RpcError as error:
                ended.append(error)

        waiting = asyncio.create_task(wait_for_the_end())
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < 4
    await waiting
    await channel.__aexit__(None, None, None)
    assert [(error.code, error.reason) for error in ended] == [(grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")]


async def test_a_commit_of_another_replica_is_noticed(home: Home, postgres_database_url: str) -> None:
    settings = home.settings(postgres_database_url)
    async with (
        running(settings) as one,
        running(settings) as two,
        World(home, one).caller(Role.EDITOR) as desk,
        aclosing(stream(desk)) as watching,
    ):
        for _ in range(3):
            referral = new_referral()
            await World(home, two).hear(referral.says("DELIVERED", 3))
            assert [told.subject for told in await take(watching, 1)] == [referral.name]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"parent": "regions/leipzig"}, "FOREIGN_REGION"),
        ({"parent": "dresden"}, "INVALID_FIELD"),
        ({"parent": PARENT, "recipient": "regions/leipzig/recipients/x"}, "FOREIGN_REGION"),
        ({"parent": PARENT, "recipient": "x"}, "INVALID_FIELD"),
    ],
)
async def test_a_stream_of_something_else_is_refused(
    world: World, desk: Client, fields: dict[str, str], reason: str
) -> None:
    with pytest.raises(RpcError) as caught:
        await anext(aiter(desk.stub.WatchNotifications(WatchNotificationsRequest(**fields), timeout=5)))
    assert caught.value.reason == reason
