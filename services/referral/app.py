"""Composes the referral service: database, keys, mail, search, server. The only module that names adapters."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry

from lotse.referral.v1.referral_service_pb2_grpc import add_ReferralServiceServicer_to_server
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.clock import Clock, utc_now
from services.common.crypto.keys import Signer, load_signer
from services.common.crypto.sealing import SealingKeys, load_sealing_key
from services.common.db import migrations
from services.common.db.engine import Database, connect_database
from services.common.ids import new_case_id
from services.common.messaging.connection import NatsConnection
from services.common.messaging.consumer import CatalogReader
from services.common.messaging.envelope import verifying
from services.common.messaging.gauges import show_readers
from services.common.messaging.members_file import MembersFile
from services.common.messaging.parking import ParkedMessages, StreamReplay
from services.common.messaging.relay import HUB, OutboxRelay
from services.common.messaging.subjects import MAIL
from services.common.names import RegionId
from services.common.paging import PageTokens, page_token_secret
from services.common.rpc.address import parse_address
from services.common.rpc.client import connect
from services.common.rpc.health import Health
from services.common.rpc.metrics import CallMetrics
from services.common.rpc.ops import serving_ops
from services.common.rpc.server import Registration, serving
from services.common.settings import StartupError
from services.referral.access import ACCESS, SERVICE
from services.referral.adapters.keys import KeyScribe, MemberRegions, SealedCorrespondence
from services.referral.adapters.search_client import NoSearch, SearchCounters
from services.referral.adapters.sql import SqlReferralStore
from services.referral.calls import Calls, Desk
from services.referral.consumer import MailApplier
from services.referral.housekeeping import Housekeeping, Terms
from services.referral.ports import Counters
from services.referral.relaying import Line, exchanging
from services.referral.servicer import ReferralServicer
from services.referral.settings import ReferralSettings, SearchSettings

MIGRATIONS = Path(__file__).parent / "migrations"
"""Where the tables' versions stand."""


@dataclass(frozen=True, slots=True)
class RunningReferral:
    """The service while it runs: `port` serves gRPC, `ops_port` operators; the dicts go by target ("hub", "local")."""

    port: int
    ops_port: int | None
    database: Database
    relays: dict[str, OutboxRelay]
    readers: dict[str, CatalogReader]
    connections: dict[str, NatsConnection]
    housekeeping: Housekeeping
    health: Health
    parked: ParkedMessages


@asynccontextmanager
async def running(settings: ReferralSettings, *, clock: Clock = utc_now) -> AsyncIterator[RunningReferral]:
    """Run the whole service; leaving stops it in reverse order.

    It serves while hub, own broker or search are away. Raises StartupError, WrongDatabaseVersion, KeyFileError,
    MembersRefused, DATABASE_UNAVAILABLE.
    """
    secret = page_token_secret(settings.page_token_secret_file)
    members = MembersFile(settings.members_file, bytes.fromhex(settings.root_public_key), clock)
    signer = load_signer(settings.signing_key_file)
    desk = _desk(settings, signer, members)
    async with AsyncExitStack() as stack:
        await migrations.upgrade(settings.referral_database_url, MIGRATIONS, "referral")
        database = await stack.enter_async_context(connect_database(settings.referral_database_url))
        store = SqlReferralStore(database, settings.epoch)
        house = Housekeeping(store, desk.work, clock, _terms(settings), settings.housekeeping_seconds)
        await stack.enter_async_context(house.running())
        applier = MailApplier(settings.region, store, desk.work, clock)
        line = Line(settings, database, signer, clock)
        traffic = await stack.enter_async_context(exchanging(line, members, applier))
        counters = await _counters(settings.search, stack)
        tokens = PageTokens(secret, clock, timedelta(hours=settings.page_token_hours))
        servicer = ReferralServicer(Calls(store, desk, clock, tokens), counters)
        health, registry, ops_port = Health(), CollectorRegistry(), None
        show_readers({MAIL: traffic.readers[HUB]} if HUB in traffic.readers else {}, registry)
        if settings.ops_address is not None:
            pages = serving_ops(parse_address(settings.ops_address), registry, [health.problems])
            ops_port = await stack.enter_async_context(pages)
        port = await stack.enter_async_context(_serving(settings, servicer, database, clock, health, registry))
        yield RunningReferral(
            port,
            ops_port,
            database,
            traffic.relays,
            traffic.readers,
            traffic.connections,
            house,
            health,
            ParkedMessages(database, {MAIL: StreamReplay(verifying(members, clock), applier.again)}),
        )


async def run(settings: ReferralSettings) -> None:
    """Run the service until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(settings):
        await stop.wait()


def _desk(settings: ReferralSettings, signer: Signer, members: MembersFile) -> Desk:
    region = RegionId(settings.region)
    files = [settings.sealing_key_file, settings.former_sealing_key_file]
    keys = SealingKeys([load_sealing_key(path) for path in files if path is not None])
    return Desk(
        region=region,
        scribe=KeyScribe(signer, members),
        letters=SealedCorrespondence(region, keys, members),
        regions=MemberRegions(members),
        new_id=new_case_id,
        resend_seconds=settings.resend_seconds,
    )


def _terms(settings: ReferralSettings) -> Terms:
    return Terms(
        keep_answers=timedelta(days=settings.answer_days),
        give_up_after=timedelta(days=settings.no_answer_days),
        keep_persons=timedelta(days=settings.retention_days),
    )


async def _counters(settings: SearchSettings | None, stack: AsyncExitStack) -> Counters:
    if settings is None:
        return NoSearch()
    try:
        token = settings.token_file.read_text().strip()
    except OSError:
        raise StartupError("LOTSE_SEARCH__TOKEN_FILE: the file cannot be read") from None
    channel = await stack.enter_async_context(connect(settings.address, token, ca_file=settings.ca_file))
    return SearchCounters(SearchServiceStub(channel))


def _serving(
    settings: ReferralSettings,
    servicer: ReferralServicer,
    database: Database,
    clock: Clock,
    health: Health,
    registry: CollectorRegistry,
) -> AbstractAsyncContextManager[int]:
    return serving(
        settings.server,
        RegionId(settings.region),
        [Registration(SERVICE, add_ReferralServiceServicer_to_server, servicer, ACCESS)],
        clock=clock,
        health=health,
        checks={"database": partial(_answers, database)},
        metrics=CallMetrics(registry),
    )


async def _answers(database: Database) -> bool:
    await database.ping()
    return True
