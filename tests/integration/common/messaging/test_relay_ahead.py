"""A backlog's next batch is prepared while the present one is stored, and never at the price of order."""

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from services.common.db import outbox
from services.common.db.engine import Database
from services.common.db.outbox import OutboxRow
from services.common.messaging.ahead import BATCH_ROWS, MOST_BYTES, Ahead
from services.common.messaging.connection import connect_nats
from services.common.messaging.packing import HUB, Address
from services.common.messaging.subjects import catalog_subject
from services.node.servers.nats import NatsProcess
from tests.integration.common.messaging.holding_proxy import HoldingProxy
from tests.integration.common.messaging.lab import DRESDEN, Lab, count_messages, nothing_waits, record, until, write
from tests.integration.common.messaging.test_relay import relay_of, stored, subject_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEFT = 5


async def first_batch(database: Database) -> Sequence[OutboxRow]:
    """Write a whole batch and some more; gives the batch."""
    await write(database, *(record(f"o{number}") for number in range(BATCH_ROWS + LEFT)))
    async with database.reading() as session:
        return await outbox.oldest(session, HUB, BATCH_ROWS)


def ahead_of(lab: Lab, database: Database, fresh_seconds: float = 60.0) -> Ahead:
    return Ahead(
        database, Address(HUB, DRESDEN, lab.signers[DRESDEN], partial(subject_of, DRESDEN)), fresh_seconds=fresh_seconds
    )


async def test_what_follows_a_full_batch_is_prepared_once(lab: Lab, database: Database) -> None:
    rows, ahead = await first_batch(database), ahead_of(lab, database)
    async with ahead.round():
        ahead.begin(rows)
        await ahead.keep()
    batch = ahead.take()
    assert batch is not None
    assert [row.record.record_id for row in batch.rows] == [f"o{BATCH_ROWS + number}" for number in range(LEFT)]
    assert all(batch.packed.values())
    assert len(batch.packed) == len(batch.chosen) == LEFT
    assert ahead.take() is None


@pytest.mark.parametrize("why", ["not kept", "dropped", "too old", "too few", "too large"])
async def test_what_may_be_stale_or_too_much_is_not_used(lab: Lab, database: Database, why: str) -> None:
    rows = await first_batch(database)
    ahead = ahead_of(lab, database, 0.0 if why == "too old" else 60.0)
    match why:
        case "too few":
            rows = rows[:-1]
        case "too large":
            large = record("o0", body=bytes(MOST_BYTES // BATCH_ROWS + 1))
            rows = [OutboxRow(row.seq, HUB, large) for row in rows]
    async with ahead.round():
        ahead.begin(rows)
        if why != "not kept":
            await ahead.keep()
    if why == "dropped":
        ahead.drop()
    assert ahead.take() is None
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "preparing"]


async def test_a_long_backlog_arrives_whole_with_the_newest_of_each_record(
    lab: Lab, hub: NatsProcess, database: Database
) -> None:
    """The second thousand are newer versions of the first: no two of a record may be on their way together."""
    for revision in (1, 2, 3):
        await write(database, *(record(f"o{number}", revision) for number in range(BATCH_ROWS)))
    async with lab.connected(DRESDEN) as connection, lab.connected("admin") as admin:
        async with relay_of(lab, database, connection).running():
            await until(partial(nothing_waits, database))
        assert await count_messages(admin) == BATCH_ROWS
        assert (await admin.jetstream.stream_info("CATALOG")).state.last_seq == 3 * BATCH_ROWS
        for number in (0, 499, BATCH_ROWS - 1):
            assert (await stored(admin, DRESDEN, f"o{number}")).revision == 3


async def test_a_record_whose_fate_is_unknown_is_not_overtaken_by_what_was_read_ahead(
    lab: Lab, hub: NatsProcess, database: Database
) -> None:
    proxy = HoldingProxy(lab.port)
    async with (
        proxy.running(),
        lab.connected("admin") as admin,
        connect_nats(lab.settings(DRESDEN, port=proxy.port)) as connection,
    ):
        await connection.until_connected()
        proxy.hold_next(catalog_subject(DRESDEN, "offer", "o5"))
        for revision in (1, 2):
            await write(database, *(record(f"o{number}", revision) for number in range(BATCH_ROWS)))
        async with relay_of(lab, database, connection, silence_seconds=0.3).running():
            await until(partial(nothing_waits, database))
        assert proxy.holds
        await proxy.release()
        await connection.client.flush()
        assert (await stored(admin, DRESDEN, "o5")).revision == 2


async def test_a_refused_record_is_not_overtaken_by_what_was_read_ahead(
    lab: Lab, hub: NatsProcess, database: Database
) -> None:
    """A full stream refuses the old versions; once there is room, the new ones must still come after them."""
    for revision in (1, 2):
        await write(database, *(record(f"o{number}", revision) for number in range(BATCH_ROWS)))
    async with lab.connected(DRESDEN) as connection, lab.connected("admin") as admin:
        config = (await admin.jetstream.stream_info("CATALOG")).config
        config.max_bytes = 20_000
        await admin.jetstream.update_stream(config)
        relay = relay_of(lab, database, connection)
        assert await relay.drain_once() < BATCH_ROWS
        config.max_bytes = 2**30
        await admin.jetstream.update_stream(config)
        while not await nothing_waits(database):
            await relay.drain_once()
        for number in (0, 499, BATCH_ROWS - 1):
            assert (await stored(admin, DRESDEN, f"o{number}")).revision == 2
