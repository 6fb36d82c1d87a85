"""Collects what both sides of every referral show when all is quiet, and waits until it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import func, select

from lotse.notify.v1 import notify_pb2, notify_service_pb2
from lotse.notify.v1.notify_service_pb2_grpc import NotifyServiceStub
from lotse.referral.v1 import case_requests_pb2, referral_requests_pb2
from lotse.referral.v1 import referral_pb2 as r
from lotse.referral.v1.referral_service_pb2_grpc import ReferralServiceStub
from services.common.db import outbox, parked
from services.common.db.engine import connect_database
from services.common.messaging.connection import NatsConnection
from services.common.messaging.subjects import MAIL, NODE
from services.common.names import RegionId
from services.common.rpc.client import RpcError
from services.referral.adapters.tables import OutgoingRow
from services.referral.ports import Delivery
from tests.support.processes import until
from tests.support.storm.referral_stage import REFERRING, ReferralStage
from tests.support.storm.referral_walks import Record

QUIET_SECONDS = 120.0
PAGE = 500


@dataclass(frozen=True, slots=True)
class Sight:
    """One referral as one side shows it."""

    referral: r.Referral
    log: Sequence[r.LogEntry]
    proof: referral_requests_pb2.ProvePathResponse


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is there: sights by region and referral id, cases by region, and what staff was told."""

    sights: Mapping[tuple[RegionId, str], Sight]
    listed: Mapping[RegionId, Sequence[str]]
    cases: Mapping[RegionId, int]
    notifications: Mapping[RegionId, Sequence[notify_pb2.Notification]]
    deliveries: Mapping[RegionId, Sequence[notify_pb2.Delivery]]
    parked: Mapping[str, int]


async def become_quiet(stage: ReferralStage, records: Sequence[Record]) -> None:
    """Wait until every process is up, nothing is on its way and both sides prove every log."""
    await stage.healed()
    waits_for = ""

    async def quiet() -> bool:
        nonlocal waits_for
        try:
            waits_for = await _waits_for(stage, records)
        except RpcError as error:
            waits_for = str(error)
        return not waits_for

    try:
        await until(quiet, "all is quiet", QUIET_SECONDS, pause=0.5)
    except AssertionError as error:
        error.add_note(f"still waiting for {waits_for}")
        raise


async def evidence_of(stage: ReferralStage, records: Sequence[Record]) -> Evidence:
    """Read everything; call it when all is quiet."""
    sights: dict[tuple[RegionId, str], Sight] = {}
    listed, cases, told, deliveries, counts = {}, {}, {}, {}, {}
    for region in REFERRING:
        async with stage.referral(region).channel() as channel:
            stub = ReferralServiceStub(channel)
            for record in records:
                sights[region, record.id] = await _sight(stub, record.name(region))
            request = referral_requests_pb2.ListReferralsRequest(parent=f"regions/{region}", page_size=PAGE)
            listed[region] = [each.name async for each in _pages(stub.ListReferrals, request, "referrals")]
            every = case_requests_pb2.ListCasesRequest(parent=f"regions/{region}", page_size=PAGE)
            cases[region] = len([each async for each in _pages(stub.ListCases, every, "cases")])
        told[region] = await _told(stage, region)
        deliveries[region] = await _deliveries(stage, region)
        for name, url in _databases(stage, region).items():
            async with connect_database(url) as database, database.reading() as session:
                counts[f"{region}/{name}"] = len(await parked.list_parked(session, 100))
    return Evidence(sights, listed, cases, told, deliveries, counts)


async def _sight(stub: Any, name: str) -> Sight:
    answer = await stub.GetReferral(referral_requests_pb2.GetReferralRequest(name=name))
    proof = await stub.ProvePath(referral_requests_pb2.ProvePathRequest(name=name))
    return Sight(answer.referral, [line.entry for line in answer.timeline], proof)


async def _told(stage: ReferralStage, region: RegionId) -> list[notify_pb2.Notification]:
    async with stage.notify(region, "counsellor").channel() as channel:
        request = notify_service_pb2.ListNotificationsRequest(parent=f"regions/{region}", page_size=PAGE)
        pages = _pages(NotifyServiceStub(channel).ListNotifications, request, "notifications")
        return [each async for each in pages]


async def _deliveries(stage: ReferralStage, region: RegionId) -> list[notify_pb2.Delivery]:
    async with stage.notify(region, "operator").channel() as channel:
        request = notify_service_pb2.ListDeliveriesRequest(parent=f"regions/{region}", page_size=PAGE)
        return [each async for each in _pages(NotifyServiceStub(channel).ListDeliveries, request, "deliveries")]


async def _pages(call: Any, request: Any, field: str) -> Any:
    while True:
        answer = await call(request)
        for each in getattr(answer, field):
            yield each
        if not answer.next_page_token:
            return
        request.page_token = answer.next_page_token


async def _waits_for(stage: ReferralStage, records: Sequence[Record]) -> str:
    """Say what is still on its way; "" when nothing is."""
    async with stage.hub_admin() as hub:
        for region in REFERRING:
            if left := await _unread(hub, MAIL, region):
                return f"hub for {region}: {left}"
    for region in REFERRING:
        async with stage.broker_admin(region) as broker:
            if left := await _unread(broker, NODE, "notify"):
                return f"broker of {region}: {left}"
        if left := await _unsent(stage, region):
            return f"{region}: {left}"
        if pending := await _pending_mails(stage, region):
            return f"{region}: {pending} mails"
    return await _unproven(stage, records)


async def _unsent(stage: ReferralStage, region: RegionId) -> str:
    url = stage.casework.referral(region).referral_database_url
    async with connect_database(url) as database, database.reading() as session:
        rows = {target: depth.rows for target, depth in (await outbox.depth(session)).items()}
        count = select(func.count()).select_from(OutgoingRow).where(OutgoingRow.delivery == str(Delivery.WAITING))
        letters = (await session.exec(count)).one()
    return f"outbox {rows}, {letters} letters without receipt" if rows or letters else ""


async def _pending_mails(stage: ReferralStage, region: RegionId) -> int:
    async with stage.notify(region, "operator").channel() as channel:
        request = notify_service_pb2.ListDeliveriesRequest(
            parent=f"regions/{region}", state=notify_pb2.DELIVERY_STATE_PENDING, page_size=PAGE
        )
        return len((await NotifyServiceStub(channel).ListDeliveries(request)).deliveries)


async def _unproven(stage: ReferralStage, records: Sequence[Record]) -> str:
    for region in REFERRING:
        async with stage.referral(region).channel() as channel:
            stub = ReferralServiceStub(channel)
            for record in records:
                request = referral_requests_pb2.ProvePathRequest(name=record.name(region))
                proof = await stub.ProvePath(request)
                if not proof.proven:
                    return f"{request.name}: {list(proof.problems)}"
    return ""


def _databases(stage: ReferralStage, region: RegionId) -> dict[str, str]:
    cast = stage.casework
    return {
        "referral": cast.referral(region).referral_database_url,
        "notify": cast.notify(region).notify_database_url,
    }


async def _unread(connection: NatsConnection, stream: str, durable: str) -> str:
    info = await connection.jetstream.consumer_info(stream, durable)
    if not (info.num_pending or info.num_ack_pending):
        return ""
    return f"{info.num_pending} to be given out, {info.num_ack_pending} not acknowledged"
