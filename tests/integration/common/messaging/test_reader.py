"""What the reader promises, on a real hub: everything once, nobody stopped, nothing lost."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import pytest
from nats.js.api import ConsumerConfig
from structlog.testing import capture_logs

from services.common.db.engine import Database
from services.common.errors import ComeBackLater
from services.common.messaging import flood, pull
from services.common.messaging.connection import NatsConnection, connect_nats
from services.common.messaging.received import Trouble
from services.common.messaging.streams import ensure_reader, remove_reader, reset_reader
from services.common.messaging.subjects import CATALOG, CATALOG_FILTER
from services.node.servers.nats import NatsProcess
from tests.integration.common.messaging.lab import DRESDEN, LEIPZIG, Lab, until
from tests.integration.common.messaging.reading import Applier, Crash

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def publish(lab: Lab, messages: Sequence[tuple[str, bytes]]) -> None:
    """Store messages as the hub's admin, who may write in anyone's name: a hostile hub can do as much."""
    async with lab.connected("admin") as admin:
        for subject, data in messages:
            await admin.jetstream.publish(subject, data)


async def outstanding(connection: NatsConnection, durable: str = "search") -> int:
    """Count what the durable still has to deliver or waits for."""
    info = await connection.jetstream.consumer_info(CATALOG, durable)
    return (info.num_pending or 0) + (info.num_ack_pending or 0)


def all_acked(admin: NatsConnection, durable: str = "search") -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return await outstanding(admin, durable) == 0

    return check


async def test_every_message_is_applied_once_and_acknowledged(lab: Lab, hub: NatsProcess, database: Database) -> None:
    applier = Applier(database, lab.members())
    await publish(lab, [lab.sealed(region, f"o{n}") for region in (DRESDEN, LEIPZIG) for n in range(50)])
    async with (
        lab.connected("search") as connection,
        lab.connected("admin") as admin,
        applier.reader(connection).running(),
    ):
        await until(all_acked(admin))
    assert len(applier.effects) == 100
    assert set(applier.effects.values()) == {1}


async def test_a_change_is_handed_on_at_once(lab: Lab, hub: NatsProcess, database: Database) -> None:
    applier = Applier(database, lab.members())
    loop = asyncio.get_running_loop()
    async with lab.connected("search") as connection, lab.connected(DRESDEN) as dresden:
        reader = applier.reader(connection)
        async with reader.running():
            await until(lambda: reader.state.last_fetch is not None)
            start = loop.time()
            await dresden.client.publish(*lab.sealed(DRESDEN, "a"))
            await until(lambda: bool(applier.effects))
    assert loop.time() - start < 0.8, "a batch must not wait for its second to end"


async def test_after_a_crash_before_the_ack_the_effect_happens_once(
    lab: Lab, hub: NatsProcess, database: Database
) -> None:
    applier = Applier(database, lab.members(), crash_after_commit=True)
    await publish(lab, [lab.sealed(DRESDEN, f"o{n}") for n in range(20)])
    async with lab.connected("search") as connection:
        with suppress(Crash):
            await applier.reader(connection).read_once()
    assert len(applier.effects) == 20
    async with lab.connected("admin") as admin, lab.connected("search") as connection:
        assert await outstanding(admin) == 20
        # Redelivery comes after ack_wait, 15 s; a reset brings it now.
        await reset_reader(connection, CATALOG, "search")
        async with applier.reader(connection).running():
            await until(all_acked(admin))
    assert applier.calls >= 2
    assert set(applier.effects.values()) == {1}


async def test_an_older_version_that_comes_late_changes_nothing(lab: Lab, hub: NatsProcess, database: Database) -> None:
    applier = Applier(database, lab.members())
    async with (
        lab.connected("search") as connection,
        lab.connected("admin") as admin,
        applier.reader(connection).running(),
    ):
        for revision in (5, 3, 6, 6, 4):
            await publish(lab, [lab.sealed(DRESDEN, "a", revision)])
            await until(all_acked(admin))
    assert {name[2] for name in applier.effects} == {5, 6}


async def test_what_is_unavailable_postpones_and_then_all_is_applied(
    lab: Lab, hub: NatsProcess, database: Database
) -> None:
    applier = Applier(database, lab.members())
    applier.failures = [ComeBackLater("DATABASE_UNAVAILABLE", "away"), ConnectionResetError()]
    await publish(lab, [lab.sealed(DRESDEN, f"o{n}") for n in range(10)])
    async with lab.connected("search") as connection, lab.connected("admin") as admin:
        reader = applier.reader(connection)
        async with reader.running():
            await until(lambda: reader.state.trouble is Trouble.POSTPONED)
            await until(all_acked(admin), 30)
            await until(lambda: reader.state.trouble is None)
    assert len(applier.effects) == 10
    assert await applier.parked() == []


async def test_one_message_that_breaks_the_code_is_parked_and_the_others_flow(
    lab: Lab, hub: NatsProcess, database: Database
) -> None:
    applier = Applier(database, lab.members(), poison=frozenset({"o7"}))
    await publish(lab, [lab.sealed(DRESDEN, f"o{n}") for n in range(40)])
    async with (
        lab.connected("search") as connection,
        lab.connected("admin") as admin,
        applier.reader(connection).running(),
    ):
        await until(lambda: len(applier.effects) == 39, 5)
        await until(all_acked(admin), 40)  # four tries, 1, 2, 4 and 8 s apart
    assert [(one.subject, one.reason) for one in await applier.parked()] == [
        ("fed.cat.dresden.offer.o7", "BODY_INVALID")
    ]


async def test_the_reader_starts_before_its_hub(lab: Lab, database: Database) -> None:
    applier = Applier(database, lab.members())
    async with connect_nats(lab.settings("search")) as connection:
        reader = applier.reader(connection)
        async with reader.running():
            assert reader.state.trouble is Trouble.NOT_CONNECTED
            async with lab.running():
                await publish(lab, [lab.sealed(DRESDEN, "a")])
                await until(lambda: bool(applier.effects))
                assert reader.state.trouble is None


@pytest.mark.parametrize("user", ["search", "dresden"])
async def test_a_durable_that_is_gone_is_told_and_read_again_when_it_is_back(
    lab: Lab, hub: NatsProcess, database: Database, user: str
) -> None:
    applier = Applier(database, lab.members())
    async with lab.connected(user) as connection, lab.connected("admin") as admin:
        reader = applier.reader(connection, user)
        async with reader.running():
            await until(lambda: reader.state.trouble is None)
            await remove_reader(admin.jetstream, CATALOG, user)
            await until(lambda: reader.state.trouble is Trouble.DURABLE_MISSING)
            await publish(lab, [lab.sealed(DRESDEN, "a")])
            await ensure_reader(admin.jetstream, CATALOG, user, CATALOG_FILTER)
            await until(lambda: bool(applier.effects))
            await until(lambda: reader.state.trouble is None)


async def test_a_killed_hub_costs_no_message(lab: Lab, database: Database) -> None:
    applier = Applier(database, lab.members())
    async with connect_nats(lab.settings("search")) as connection, applier.reader(connection).running():
        for part in range(3):
            async with lab.running() as server:
                await publish(lab, [lab.sealed(DRESDEN, f"o{part}-{n}") for n in range(100)])
                await until(lambda floor=part * 100: len(applier.effects) > floor)
                server.child.kill()
                await server.child.wait()
        async with lab.running():
            await until(lambda: len(applier.effects) == 300, 90)
    assert set(applier.effects.values()) == {1}


async def test_a_link_that_breaks_before_the_acknowledgement_is_no_defect(lab: Lab, database: Database) -> None:
    applier = Applier(database, lab.members())
    async with connect_nats(lab.settings("search")) as connection:
        reader = applier.reader(connection)
        with capture_logs() as logged:
            async with reader.running():
                async with lab.running() as server:

                    async def cut() -> None:
                        server.child.kill()
                        await connection.until_lost()

                    applier.meanwhile = cut
                    await publish(lab, [lab.sealed(DRESDEN, "a")])
                    await until(lambda: applier.calls == 1 and reader.state.trouble is Trouble.NOT_CONNECTED)
                async with lab.running(), lab.connected("admin") as admin:
                    await until(all_acked(admin), 60)
    assert list(applier.effects.values()) == [1]
    assert [entry for entry in logged if entry["event"] == "reader.failed"] == []


async def test_a_flooding_region_is_paused_and_the_others_flow(lab: Lab, hub: NatsProcess, database: Database) -> None:
    applier = Applier(database, lab.members())
    subject, _ = lab.sealed(LEIPZIG, "x")
    bad = [(f"{subject}{n}", b"no envelope") for n in range(flood.MOST_BAD + pull.BATCH)]
    async with lab.connected("search") as connection:
        reader = applier.reader(connection)
        await publish(lab, bad)
        async with reader.running():
            await until(lambda: reader.state.paused == (LEIPZIG,))
            await publish(lab, [*bad[:200], *(lab.sealed(DRESDEN, f"o{n}") for n in range(20))])
            await until(lambda: len(applier.effects) == 20)
            assert reader.state.parked <= flood.MOST_BAD + pull.BATCH
            assert reader.state.trouble is None


async def test_what_a_pause_skipped_is_read_when_it_is_over(lab: Lab, hub: NatsProcess, database: Database) -> None:
    applier = Applier(database, lab.members())
    seconds = [0.0]
    guard = flood.FloodGuard(lambda: seconds[0], most_put_back=5)
    subject, _ = lab.sealed(LEIPZIG, "x")
    async with lab.connected("search") as connection:
        reader = applier.reader(connection, guard=guard)
        await publish(lab, [(f"{subject}{n}", b"no envelope") for n in range(flood.MOST_BAD + 1)])
        async with reader.running():
            await until(lambda: reader.state.paused == (LEIPZIG,))
            await publish(lab, [lab.sealed(LEIPZIG, f"o{n}") for n in range(20)])
            await until(lambda: reader.state.skipped == {LEIPZIG: 15})
            assert not applier.effects
            seconds[0] += flood.PAUSE_SECONDS + 1
            await until(lambda: len(applier.effects) == 20)
    assert set(applier.effects.values()) == {1}
    assert not reader.state.skipped


async def test_the_state_tells_how_much_is_still_to_come(lab: Lab, hub: NatsProcess, database: Database) -> None:
    applier = Applier(database, lab.members())
    await publish(lab, [lab.sealed(DRESDEN, f"o{n}") for n in range(pull.BATCH + 100)])
    async with lab.connected("search") as connection:
        reader = applier.reader(connection)
        assert reader.state.pending is None
        counted = await reader.read_once()
        assert reader.state.pending == pull.BATCH + 100 - counted
        while await reader.read_once():
            pass
        assert reader.state.pending == 0


async def test_a_new_reader_receives_the_newest_of_everything(lab: Lab, hub: NatsProcess, database: Database) -> None:
    applier = Applier(database, lab.members())
    await publish(lab, [lab.sealed(DRESDEN, f"o{n}", revision) for revision in (1, 2, 3) for n in range(30)])
    async with lab.connected("admin") as admin:
        await admin.jetstream.add_consumer(
            CATALOG, ConsumerConfig(durable_name="late", ack_wait=60, max_ack_pending=2_000)
        )
        async with applier.reader(admin, "late").running():
            await until(all_acked(admin, "late"))
    assert sorted(applier.effects) == sorted((DRESDEN, f"o{n}", 3) for n in range(30))
