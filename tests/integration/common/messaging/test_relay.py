"""What the relay promises, on a real hub that restarts, is killed, refuses, and falls silent."""

import asyncio
import signal
from functools import partial

import pytest

from lotse.federation.v1.envelope_pb2 import Envelope, NodeHead, SignedEnvelope
from services.common.clock import utc_now
from services.common.db import outbox
from services.common.db.engine import Database
from services.common.db.outbox import OutboxRow
from services.common.messaging.connection import NatsConnection, connect_nats
from services.common.messaging.head import HeadPace, HeadSource
from services.common.messaging.publishing import NO_PERMISSION, NO_STREAM, STREAM_FULL
from services.common.messaging.relay import HUB, OutboxRelay
from services.common.messaging.streams import newest_message
from services.common.messaging.subjects import catalog_subject, head_subject
from services.common.names import RegionId
from services.node.servers.nats import NatsProcess
from tests.integration.common.messaging.lab import (
    DRESDEN,
    LEIPZIG,
    Lab,
    count_messages,
    nothing_waits,
    record,
    store,
    until,
    waiting_rows,
    write,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")


def subject_of(region: RegionId, row: OutboxRow) -> str:
    return catalog_subject(region, row.record.kind, row.record.record_id)


def relay_of(
    lab: Lab,
    database: Database,
    connection: NatsConnection,
    region: RegionId = DRESDEN,
    *,
    head: HeadSource | None = None,
    silence_seconds: float = 5.0,
) -> OutboxRelay:
    return OutboxRelay(
        database,
        connection,
        HUB,
        region,
        lab.signers[region],
        1,
        utc_now,
        subject_of=partial(subject_of, region),
        head=head,
        head_pace=HeadPace(0.2, 0.4),
        silence_seconds=silence_seconds,
    )


async def stored(admin: NatsConnection, region: RegionId, record_id: str) -> Envelope:
    message = await newest_message(admin, "CATALOG", catalog_subject(region, "offer", record_id))
    assert message is not None
    return Envelope.FromString(SignedEnvelope.FromString(message.data).signed)


async def test_a_committed_row_reaches_the_catalog_and_is_forgotten(
    lab: Lab, hub: NatsProcess, database: Database
) -> None:
    async with lab.connected(DRESDEN) as connection, lab.connected("admin") as admin:
        async with relay_of(lab, database, connection).running():
            await write(database, record("a", 1, b"first"))
            await until(partial(nothing_waits, database))
        envelope = await stored(admin, DRESDEN, "a")
        assert (envelope.origin, envelope.subject, envelope.body) == (DRESDEN, "fed.cat.dresden.offer.a", b"first")
        assert (envelope.epoch, envelope.revision, envelope.outbox_seq) == (1, 1, 1)


async def test_only_the_newest_of_many_changes_of_a_record_is_sent(
    lab: Lab, hub: NatsProcess, database: Database
) -> None:
    await write(database, *(record("a", revision) for revision in range(1, 51)), record("b"))
    async with lab.connected(DRESDEN) as connection, lab.connected("admin") as admin:
        assert await relay_of(lab, database, connection).drain_once() == 2
        state = (await admin.jetstream.stream_info("CATALOG")).state
        assert (state.messages, state.last_seq) == (2, 2)
        assert (await stored(admin, DRESDEN, "a")).revision == 50
    assert await waiting_rows(database) == []


async def test_a_deleted_record_leaves_a_tombstone_with_an_end(lab: Lab, hub: NatsProcess, database: Database) -> None:
    await write(database, record("a", 1), record("b", 2, deleted=True))
    async with lab.connected(DRESDEN) as connection, lab.connected("admin") as admin:
        assert await relay_of(lab, database, connection).drain_once() == 2
        assert (await stored(admin, DRESDEN, "b")).deleted
        message = await admin.jetstream.get_last_msg("CATALOG", "fed.cat.dresden.offer.b")
        assert message.headers is not None
        assert message.headers["Nats-TTL"] == str(180 * 86_400)


async def test_same_ids_of_two_regions_do_not_swallow_each_other(
    lab: Lab, hub: NatsProcess, database: Database
) -> None:
    async with store(lab.folder, "leipzig") as other:
        records = [record(f"offer-{number}") for number in range(100)]
        await write(database, *records)
        await write(other, *records)
        async with lab.connected(DRESDEN) as here, lab.connected(LEIPZIG) as there, lab.connected("admin") as admin:
            assert await relay_of(lab, database, here).drain_once() == 100
            assert await relay_of(lab, other, there, LEIPZIG).drain_once() == 100
            assert await count_messages(admin) == 200


async def test_a_deliberate_resend_of_the_same_revision_is_stored_again(
    lab: Lab, hub: NatsProcess, database: Database
) -> None:
    async with lab.connected(DRESDEN) as connection, lab.connected("admin") as admin:
        relay = relay_of(lab, database, connection)
        for _ in range(2):
            await write(database, record("a", 7))
            assert await relay.drain_once() == 1
        assert (await admin.jetstream.stream_info("CATALOG")).state.last_seq == 2


async def test_after_the_hub_was_killed_every_row_arrives(lab: Lab, database: Database) -> None:
    async with connect_nats(lab.settings(DRESDEN)) as connection, relay_of(lab, database, connection).running():
        await write(database, *(record(f"before-{number}") for number in range(50)))
        for round_number in range(3):
            async with lab.running() as server:
                await write(database, *(record(f"offer-{round_number}-{number}") for number in range(1_000)))
                async with lab.connected("admin") as admin:
                    floor = 50 + round_number * 1_000
                    await until(partial(stream_holds_more_than, admin, floor))
                    server.child.kill()
                    await server.child.wait()
        async with lab.running():
            await until(partial(nothing_waits, database))
            async with lab.connected("admin") as admin:
                assert await count_messages(admin) == 3_050


async def stream_holds_more_than(admin: NatsConnection, number: int) -> bool:
    return await count_messages(admin) > number


async def test_silence_keeps_the_row_and_it_is_sent_again(lab: Lab, hub: NatsProcess, database: Database) -> None:
    await write(database, record("a"))
    async with lab.connected(DRESDEN) as connection, lab.connected("admin") as admin:
        relay = relay_of(lab, database, connection, silence_seconds=0.3)
        hub.child.signal(signal.SIGSTOP)  # the link is there, nobody answers
        assert await relay.drain_once() == 0
        assert len(await waiting_rows(database)) == 1
        hub.child.signal(signal.SIGCONT)
        assert await relay.drain_once() == 1
        assert await waiting_rows(database) == []
        assert (await admin.jetstream.stream_info("CATALOG")).state.last_seq == 1, "the repeat was known by its id"


async def test_a_full_catalog_refuses_and_the_rows_stay(lab: Lab, hub: NatsProcess, database: Database) -> None:
    async with lab.connected("admin") as admin, lab.connected(DRESDEN) as connection:
        config = (await admin.jetstream.stream_info("CATALOG")).config
        config.max_bytes = 20_000
        await admin.jetstream.update_stream(config)
        await write(database, *(record(f"offer-{number}", 1, b"x" * 2_000) for number in range(20)))
        relay = relay_of(lab, database, connection)
        acked = await relay.drain_once()
        assert 0 < acked < 20
        assert relay.refused == STREAM_FULL
        assert len(await waiting_rows(database)) == 20 - acked
        config.max_bytes = 2**30
        await admin.jetstream.update_stream(config)
        assert await relay.drain_once() == 20 - acked
        assert relay.refused is None


async def test_one_oversize_row_rests_and_the_others_go_on(lab: Lab, hub: NatsProcess, database: Database) -> None:
    async with lab.connected("admin") as admin, lab.connected(DRESDEN) as connection:
        config = (await admin.jetstream.stream_info("CATALOG")).config
        config.max_msg_size = 3_000
        await admin.jetstream.update_stream(config)
        await write(database, record("big", 1, b"x" * 4_000), record("small"))
        relay = relay_of(lab, database, connection)
        assert await relay.drain_once() == 1
        assert relay.refused is None
        await write(database, record("later"))
        assert await relay.drain_once() == 1
        assert [row.record.record_id for row in await waiting_rows(database)] == ["big"]


async def test_a_row_without_a_possible_subject_rests_and_the_others_go_on(
    lab: Lab, hub: NatsProcess, database: Database
) -> None:
    async with lab.connected(DRESDEN) as connection:
        await write(database, record("no.token"), record("good"))
        assert await relay_of(lab, database, connection).drain_once() == 1
        assert [row.record.record_id for row in await waiting_rows(database)] == ["no.token"]


async def test_no_stream_is_told_and_the_rows_stay(lab: Lab, database: Database) -> None:
    async with lab.running(prepare=False), lab.connected(DRESDEN) as connection:
        await write(database, record("a"))
        relay = relay_of(lab, database, connection, silence_seconds=0.5)
        assert await relay.drain_once() == 0
        assert relay.refused == NO_STREAM
        assert len(await waiting_rows(database)) == 1


async def test_publishing_in_anothers_name_is_told_as_forbidden(lab: Lab, hub: NatsProcess, database: Database) -> None:
    async with lab.connected(DRESDEN) as connection:
        await write(database, record("a"))
        relay = relay_of(lab, database, connection, LEIPZIG, silence_seconds=0.5)
        assert await relay.drain_once() == 0
        assert relay.refused == NO_PERMISSION
        assert len(await waiting_rows(database)) == 1


async def test_the_head_follows_what_it_speaks_of(lab: Lab, hub: NatsProcess, database: Database) -> None:
    async def live() -> NodeHead:
        return NodeHead(live_records={"offer": 3})

    async with lab.connected(DRESDEN) as connection, lab.connected("admin") as admin:
        await write(database, *(record(name) for name in "abc"))

        async def head_stands_at(mark: int) -> bool:
            message = await newest_message(admin, "CATALOG", head_subject(DRESDEN))
            if message is None:
                return False
            envelope = Envelope.FromString(SignedEnvelope.FromString(message.data).signed)
            head = NodeHead.FromString(envelope.body)
            assert message.seq > head.outbox_high_mark, "the head came before what it speaks of"
            assert (head.epoch, dict(head.live_records)) == (1, {"offer": 3})
            return head.outbox_high_mark == mark

        async with relay_of(lab, database, connection, head=live).running():
            await until(partial(head_stands_at, 3))
            await write(database, record("d"))
            await until(partial(head_stands_at, 4))


async def test_a_hub_that_lost_its_streams_is_noticed(lab: Lab, hub: NatsProcess, database: Database) -> None:
    async with lab.connected(DRESDEN) as connection, lab.connected("admin") as admin:
        relay = relay_of(lab, database, connection)
        await write(database, *(record(name) for name in "abc"))
        assert await relay.drain_once() == 3
        async with database.reading() as session:
            assert (await outbox.high_mark(session, HUB)).stream_seq == 3
        assert not relay.rolled_back
        config = (await admin.jetstream.stream_info("CATALOG")).config
        await admin.jetstream.delete_stream("CATALOG")
        await admin.jetstream.add_stream(config)
        await write(database, record("d"))
        await asyncio.sleep(0)
        assert await relay.drain_once() == 1
        assert relay.rolled_back


async def test_the_relay_starts_before_its_hub(lab: Lab, database: Database) -> None:
    async with connect_nats(lab.settings(DRESDEN)) as connection, relay_of(lab, database, connection).running():
        await write(database, record("a"))
        assert not connection.connected
        async with lab.running():
            await until(partial(nothing_waits, database))
