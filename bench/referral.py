"""Measures what a referral costs between two nodes: round trip, release of the person, notifications a second.

Beside it stand, in the same run, a raw publish-and-fetch over the same kind of NATS stream and a raw SQL commit on the
same disk; the three take turns, so that whatever else the machine does hits them alike. Everything runs in one process
over three real nats-servers, with each message on disk before its answer; figures are milliseconds.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nats.js.api import ConsumerConfig, StreamConfig
from sqlalchemy import text

from lotse.directory.v1.partner_pb2 import AUDIENCE_PERSON
from lotse.notify.v1.notify_service_pb2 import ListNotificationsRequest
from lotse.notify.v1.notify_service_pb2_grpc import NotifyServiceStub
from lotse.referral.v1 import case_pb2, case_requests_pb2, referral_requests_pb2
from lotse.referral.v1 import referral_pb2 as r
from lotse.referral.v1.referral_service_pb2_grpc import ReferralServiceStub
from services.common.clock import utc_now
from services.common.db.engine import Database, connect_database
from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.common.names import RegionId
from services.common.rpc.client import connect
from services.common.rpc.server_settings import QuotaSettings
from services.node.brokers import running_broker, running_hub
from services.node.casework import notify_settings, referral_settings
from services.node.initialise import create_federation
from services.node.layout import NodeLayout
from services.node.members import known_members
from services.node.parts import NodeParts
from services.node.settings import NodeSettings
from services.notify import app as notify_app
from services.referral import app as referral_app

SOURCE, TARGET = RegionId("dresden"), RegionId("leipzig")
POLL_SECONDS = 0.005
PATIENCE_SECONDS = 60.0
WARM_UP = 2
BODY = bytes(1_000)
RAW = "BENCH"


@dataclass(frozen=True, slots=True)
class Desk:
    """A region's two services, as a counsellor calls them."""

    region: RegionId
    referral: Any
    notify: Any


async def run(count: int) -> dict[str, Any]:
    """Measure `count` referrals, one at a time, after two that do not count."""
    taken: dict[str, list[float]] = {name: [] for name in ("submit", "release", "raw_nats", "raw_commit")}
    with tempfile.TemporaryDirectory(prefix="lotse-bench-") as name:
        async with AsyncExitStack() as stack:
            source, target, raw = await _federation(stack, Path(name))
            database = await stack.enter_async_context(_raw_database(Path(name)))
            started = time.perf_counter()
            for number in range(count + WARM_UP):
                if number == WARM_UP:
                    started, told = time.perf_counter(), await _told(source, target)
                times = [*await _referral(source, target), await _publish_and_fetch(raw), await _commit(database)]
                if number >= WARM_UP:
                    for values, value in zip(taken.values(), times, strict=True):
                        values.append(value)
            elapsed, told = time.perf_counter() - started, await _told(source, target) - told
    return {
        "referrals": count,
        "submit_to_delivered": _figures(taken["submit"], taken),
        "accept_to_person": _figures(taken["release"], taken),
        "raw_nats_round_trip": _percentiles(taken["raw_nats"]),
        "raw_sql_commit": _percentiles(taken["raw_commit"]),
        "notifications": told,
        "notifications_per_second": round(told / elapsed, 1),
    }


async def _referral(source: Desk, target: Desk) -> tuple[float, float]:
    """Give the milliseconds from submit to the receipt at the source, and from accept to the person at the target."""
    m, parent = referral_requests_pb2, f"regions/{source.region}"
    case = (await source.referral.CreateCase(case_requests_pb2.CreateCaseRequest(parent=parent, case=_case()))).case
    await source.referral.GrantConsent(case_requests_pb2.GrantConsentRequest(name=case.name, consent=_consent()))
    offer = f"regions/{target.region}/offers/anerkennung"
    create = m.CreateReferralRequest(parent=parent, case=case.name, offer=offer)
    draft = (await source.referral.CreateReferral(create)).referral
    started = time.perf_counter()
    await source.referral.SubmitReferral(m.SubmitReferralRequest(name=draft.name, expected_version=draft.version))
    await _until(source, draft.name, lambda known: known.state == r.REFERRAL_STATE_DELIVERED)
    delivered = time.perf_counter()
    here = f"regions/{target.region}/referrals/{draft.name.rpartition('/')[2]}"
    accepting = time.perf_counter()
    await target.referral.AcceptReferral(m.AcceptReferralRequest(name=here, expected_version=3))
    await _until(target, here, lambda known: bool(known.person.name))
    return (delivered - started) * 1000, (time.perf_counter() - accepting) * 1000


async def _until(desk: Desk, name: str, holds: Callable[[r.Referral], bool]) -> None:
    request = referral_requests_pb2.GetReferralRequest(name=name)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if holds((await desk.referral.GetReferral(request)).referral):
                return
            await asyncio.sleep(POLL_SECONDS)


async def _told(*desks: Desk) -> int:
    """Count what the staff of all was told so far."""
    count = 0
    for desk in desks:
        request = ListNotificationsRequest(parent=f"regions/{desk.region}", page_size=500)
        while True:
            page = await desk.notify.ListNotifications(request)
            count += len(page.notifications)
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
    return count


async def _publish_and_fetch(connection: NatsConnection) -> float:
    started = time.perf_counter()
    await connection.jetstream.publish("bench.raw", BODY)
    reader = await connection.jetstream.pull_subscribe_bind(consumer="raw", stream=RAW)
    (message,) = await reader.fetch(1, timeout=5)
    await message.ack_sync()
    await reader.unsubscribe()
    return (time.perf_counter() - started) * 1000


async def _commit(database: Database) -> float:
    started = time.perf_counter()
    async with database.engine.begin() as connection:
        await connection.execute(text("INSERT INTO raw (body) VALUES (:body)"), {"body": BODY})
    return (time.perf_counter() - started) * 1000


def _figures(values: list[float], taken: dict[str, list[float]]) -> dict[str, float]:
    """Give percentiles, and the medians of the ratios to the raw peers of the same turn."""
    ratios = {
        f"times_{name}": round(statistics.median(one / raw for one, raw in zip(values, taken[name], strict=True)), 1)
        for name in ("raw_nats", "raw_commit")
    }
    return _percentiles(values) | ratios


def _percentiles(values: list[float]) -> dict[str, float]:
    p99 = statistics.quantiles(values, n=100, method="inclusive")[98]
    return {"p50_ms": round(statistics.median(values), 1), "p99_ms": round(p99, 1)}


async def _federation(stack: AsyncExitStack, folder: Path) -> tuple[Desk, Desk, NatsConnection]:
    """Run two nodes' casework and the hub; the third is a raw connection to the hub as its administrator."""
    settings = [
        NodeSettings(region=region, display_name=region.title(), state_node=region == SOURCE)
        for region in (SOURCE, TARGET)
    ]
    layouts = create_federation(folder / "nodes", settings, utc_now)
    hub = await stack.enter_async_context(running_hub(layouts[SOURCE], settings[0], known_members(layouts[SOURCE])))
    desks = [await _desk(stack, layouts[each.region], each, hub.url) for each in settings]
    admin = NatsSettings(hub.url, "bench", layouts[SOURCE].hub_user_nkey("admin"))
    raw = await stack.enter_async_context(connect_nats(admin))
    await raw.until_connected()
    await raw.jetstream.add_stream(StreamConfig(name=RAW, subjects=["bench.raw"]))
    await raw.jetstream.add_consumer(RAW, ConsumerConfig(durable_name="raw"))
    return desks[0], desks[1], raw


async def _desk(stack: AsyncExitStack, layout: NodeLayout, settings: NodeSettings, hub_url: str) -> Desk:
    broker = await stack.enter_async_context(running_broker(layout, settings))
    parts = NodeParts(layout, settings, broker.url, hub_url, utc_now)
    token = layout.cli_token("counsellor").read_text().strip()
    server = parts.server(0).model_copy(update={"quota": QuotaSettings(rate=100_000, burst=100_000)})
    referral = referral_settings(parts, None).model_copy(update={"server": server})
    notify = notify_settings(parts).model_copy(update={"server": server})
    case_service = await stack.enter_async_context(referral_app.running(referral))
    notify_service = await stack.enter_async_context(notify_app.running(notify))
    channels = [
        await stack.enter_async_context(connect(f"127.0.0.1:{service.port}", token))
        for service in (case_service, notify_service)
    ]
    return Desk(settings.region, ReferralServiceStub(channels[0]), NotifyServiceStub(channels[1]))


@asynccontextmanager
async def _raw_database(folder: Path) -> AsyncIterator[Database]:
    async with connect_database(f"sqlite+aiosqlite:///{folder}/raw.db") as database:
        async with database.engine.begin() as connection:
            await connection.execute(text("CREATE TABLE raw (id INTEGER PRIMARY KEY, body BLOB NOT NULL)"))
        yield database


def _case() -> case_pb2.Case:
    person = case_pb2.Person(name="Olena Beispiel", email="olena@example.org")
    return case_pb2.Case(
        intake_text="Mein Diplom soll anerkannt werden",
        language_code="uk",
        district_code="14612",
        topics=["recognition"],
        audience=AUDIENCE_PERSON,
        person=person,
    )


def _consent() -> case_pb2.Consent:
    return case_pb2.Consent(
        text_version="2026-11", language_code="uk", purpose="referral", channel=case_pb2.CONSENT_CHANNEL_IN_PERSON
    )
