"""Measures what the outbox relay costs: rows a second from SQLite to the hub, beside the same messages published raw.

Both send 2 kB messages through the hub's real accounts as the same region, at most 500 unanswered. Raw means: ready
bytes through the library's own `publish_async`, no database, no signature. The two take turns, so that whatever else
the machine does hits them alike; figures are medians over the pairs, the ratio is the median of the pairs' ratios.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from services.common.clock import utc_now
from services.common.crypto.keys import Signer, create_nkey, create_signer
from services.common.db import outbox
from services.common.db.engine import Database, connect_database
from services.common.db.outbox import OutboxRecord
from services.common.db.tables import service_registry
from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.common.messaging.envelope import seal
from services.common.messaging.publishing import WINDOW
from services.common.messaging.relay import HUB, OutboxRelay
from services.common.messaging.subjects import catalog_subject
from services.common.names import RegionId
from services.node.broker.hub import HubConfig
from services.node.broker.setup import hub_init
from services.node.servers.nats import running_nats
from services.node.servers.ports import free_port

DRESDEN = RegionId("dresden")
BODY_BYTES = 2_048
PAIRS = 5
WRITE_ROWS = 1_000


async def run(size: int) -> dict[str, Any]:
    """Measure `size` rows a pair, with every message on disk before its answer (`always`) and without (`lazy`)."""
    return {
        "rows": size,
        "pairs": PAIRS,
        "body_bytes": BODY_BYTES,
        "always": await _measure(size, "always"),
        "lazy": await _measure(size, '"2m"'),
    }


async def _measure(size: int, sync_interval: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="lotse-bench-") as name:
        folder = Path(name)
        signer = create_signer(folder / "signing.pem")
        async with _hub(folder, sync_interval) as connection, _store(folder) as database:
            pairs = [await _pair(database, connection, signer, size, number) for number in range(PAIRS + 1)][1:]
    return {
        "relay_rows_per_second": round(statistics.median(size / relay for relay, _ in pairs)),
        "raw_messages_per_second": round(statistics.median(size / raw for _, raw in pairs)),
        "ratio": round(statistics.median(raw / relay for relay, raw in pairs), 2),
    }


async def _pair(
    database: Database, connection: NatsConnection, signer: Signer, size: int, number: int
) -> tuple[float, float]:
    """Give the seconds of the relay and of the raw peer; which one comes first changes from pair to pair."""

    async def relayed() -> float:
        return await _relayed(database, connection, signer, _records(size, f"relay-{number}"))

    async def raw() -> float:
        return await _raw(connection, signer, _records(size, f"raw-{number}"))

    if number % 2:
        return await relayed(), await raw()
    second = await raw()
    return await relayed(), second


async def _relayed(
    database: Database, connection: NatsConnection, signer: Signer, records: list[OutboxRecord]
) -> float:
    for start in range(0, len(records), WRITE_ROWS):
        async with database.transaction() as session:
            await outbox.add_many(session, records[start : start + WRITE_ROWS], [HUB])
    relay = OutboxRelay(
        database, connection, HUB, DRESDEN, signer, 1, utc_now, subject_of=lambda row: _subject(row.record)
    )
    start_time = time.perf_counter()
    done = 0
    while done < len(records):
        done += await relay.drain_once()
    return time.perf_counter() - start_time


async def _raw(connection: NatsConnection, signer: Signer, records: list[OutboxRecord]) -> float:
    messages = [
        (_subject(record), seal(record, number, _subject(record), DRESDEN, signer), {"Nats-Msg-Id": record.record_id})
        for number, record in enumerate(records, start=1)
    ]
    jetstream = connection.client.jetstream(publish_async_max_pending=WINDOW)
    start_time = time.perf_counter()
    answers = [await jetstream.publish_async(subject, data, headers=headers) for subject, data, headers in messages]
    await asyncio.gather(*answers)
    return time.perf_counter() - start_time


def _records(size: int, prefix: str) -> list[OutboxRecord]:
    body, moment = os.urandom(BODY_BYTES), utc_now()
    return [OutboxRecord("offer", f"{prefix}-{number}", 1, 1, False, body, moment) for number in range(size)]


def _subject(record: OutboxRecord) -> str:
    return catalog_subject(DRESDEN, record.kind, record.record_id)


@asynccontextmanager
async def _hub(folder: Path, sync_interval: str) -> AsyncIterator[NatsConnection]:
    """Run a hub and give the region's connection to it."""
    nkeys = {user: create_nkey(folder / f"{user}.nk") for user in ("sys", "admin", "search", DRESDEN)}
    port, config = free_port(), folder / "hub.conf"
    config.write_text(
        HubConfig(
            port=port,
            store_dir=folder / "jetstream",
            system_nkey=nkeys["sys"],
            admin_nkey=nkeys["admin"],
            search_nkey=nkeys["search"],
            regions={DRESDEN: nkeys[DRESDEN]},
            sync_interval=sync_interval,
        ).render()
    )
    async with running_nats(config, port=port, log_path=folder / "hub.log") as server:
        async with connect_nats(NatsSettings(server.url, "admin", folder / "admin.nk")) as admin:
            await hub_init(admin, [DRESDEN])
        region = NatsSettings(server.url, DRESDEN, folder / f"{DRESDEN}.nk", f"_INBOX_{DRESDEN}")
        async with connect_nats(region) as connection:
            await connection.until_connected()
            yield connection


@asynccontextmanager
async def _store(folder: Path) -> AsyncIterator[Database]:
    async with connect_database(f"sqlite+aiosqlite:///{folder}/outbox.db") as database:
        metadata = service_registry("bench", *outbox.TABLES).metadata
        async with database.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        yield database
