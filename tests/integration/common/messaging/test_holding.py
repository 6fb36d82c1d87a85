"""What a reader works on stays its own, however long the work takes; what a dead one had comes to the next."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import pytest

from services.common.db.engine import Database
from services.common.db.parked import Unreadable
from services.common.messaging.connection import NatsConnection
from services.common.messaging.consumer import CatalogReader
from services.common.messaging.received import Received
from services.common.messaging.subjects import CATALOG
from services.node.servers.nats import NatsProcess
from tests.integration.common.messaging.lab import DRESDEN, Lab, until
from tests.integration.common.messaging.reading import Applier

pytestmark = pytest.mark.asyncio(loop_scope="session")

ACK_WAIT = 1.0
SOON, NEVER = 0.25, 600.0


@dataclass
class Worker:
    """A reader of the shared durable; it works on each batch until it may go on, and notes what it was given."""

    base: Applier
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[tuple[str, int]] = field(default_factory=list)

    async def apply(self, batch: Sequence[Received]) -> Sequence[Unreadable] | None:
        self.seen += [(received.envelope.id, received.deliveries) for received in batch]
        await self.may_go_on.wait()
        return await self.base.apply(batch)

    def reader(self, connection: NatsConnection, hold_seconds: float) -> CatalogReader:
        base = self.base
        return CatalogReader(
            connection, CATALOG, "search", base.verify, self.apply, base.park, hold_seconds=hold_seconds
        )


async def expect_again_after(admin: NatsConnection, seconds: float) -> None:
    config = (await admin.jetstream.consumer_info(CATALOG, "search")).config
    await admin.jetstream.add_consumer(CATALOG, replace(config, ack_wait=seconds))


async def all_delivered(admin: NatsConnection, unacknowledged: int) -> bool:
    info = await admin.jetstream.consumer_info(CATALOG, "search")
    return (info.num_pending or 0, info.num_ack_pending or 0) == (0, unacknowledged)


@pytest.mark.parametrize(("hold_seconds", "comes_again"), [(SOON, False), (NEVER, True)])
async def test_long_work_is_kept_from_other_readers_by_signs_of_life(
    lab: Lab, hub: NatsProcess, database: Database, hold_seconds: float, *, comes_again: bool
) -> None:
    applier = Applier(database, lab.members())
    slow, other = Worker(applier), Worker(applier)
    other.may_go_on.set()
    async with lab.connected("admin") as admin, lab.connected("search") as one, lab.connected("search") as two:
        await expect_again_after(admin, ACK_WAIT)
        async with slow.reader(one, hold_seconds).running():
            await admin.jetstream.publish(*lab.sealed(DRESDEN, "under-work"))
            await until(lambda: bool(slow.seen))
            # These come over the request that is still open, and wait for the work on the first.
            for number in range(3):
                await admin.jetstream.publish(*lab.sealed(DRESDEN, f"waiting-{number}"))
            await until(partial(all_delivered, admin, 4), ACK_WAIT / 2)
            async with other.reader(two, NEVER).running():
                await asyncio.sleep(ACK_WAIT * 3)
                assert sorted(name for name, _ in other.seen) == (
                    ["under-work", "waiting-0", "waiting-1", "waiting-2"] if comes_again else []
                )
                slow.may_go_on.set()
                await until(partial(all_delivered, admin, 0))
    assert len(applier.effects) == 4
    assert set(applier.effects.values()) == {1}


async def test_what_a_dead_reader_had_comes_to_the_next_after_one_wait(
    lab: Lab, hub: NatsProcess, database: Database
) -> None:
    applier = Applier(database, lab.members())
    dead, heir = Worker(applier), Worker(applier)
    heir.may_go_on.set()
    async with lab.connected("admin") as admin, lab.connected("search") as one, lab.connected("search") as two:
        await expect_again_after(admin, ACK_WAIT)
        async with dead.reader(one, SOON).running():
            await admin.jetstream.publish(*lab.sealed(DRESDEN, "left-behind"))
            await until(lambda: bool(dead.seen))
        async with heir.reader(two, SOON).running():
            await until(lambda: bool(heir.seen), ACK_WAIT * 5)
    assert heir.seen == [("left-behind", 2)]
