"""Composes the notify service: database, words, listener, mail, server. The only module that names adapters."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter

from lotse.notify.v1.notify_service_pb2_grpc import add_NotifyServiceServicer_to_server
from services.common.clock import Clock, utc_now
from services.common.db import migrations
from services.common.db.engine import Database, connect_database
from services.common.db.locks import sole_holder
from services.common.ids import new_record_id
from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.common.messaging.consumer import CatalogReader
from services.common.messaging.envelope import verifying
from services.common.messaging.gauges import show_readers
from services.common.messaging.members_file import MembersFile
from services.common.messaging.parking import ParkedMessages, StreamReplay
from services.common.messaging.subjects import NODE
from services.common.names import RegionId
from services.common.paging import PageTokens, page_token_secret
from services.common.rpc.address import parse_address
from services.common.rpc.health import Health
from services.common.rpc.metrics import CallMetrics
from services.common.rpc.ops import serving_ops
from services.common.rpc.server import Registration, serving
from services.notify.access import ACCESS, SERVICE
from services.notify.adapters.smtp import SmtpMailer
from services.notify.adapters.sql import SqlNotifyStore
from services.notify.adapters.words import JinjaWords
from services.notify.calls import Calls
from services.notify.consumer import ReferralListener
from services.notify.domain.records import DeliveryState
from services.notify.domain.sending import Patience
from services.notify.feed import NotificationFeed
from services.notify.handlers.recipients import MailRules, ensure_default
from services.notify.housekeeping import Housekeeping
from services.notify.mailing import Mailing
from services.notify.servicer import NotifyServicer
from services.notify.settings import NotifySettings, SmtpSettings

MIGRATIONS = Path(__file__).parent / "migrations"
"""Where the tables' versions stand."""


@dataclass(frozen=True, slots=True)
class RunningNotify:
    """The service while it runs: `port` serves gRPC, `ops_port` operators; without own broker the reader is None."""

    port: int
    ops_port: int | None
    database: Database
    reader: CatalogReader | None
    connection: NatsConnection | None
    health: Health
    parked: ParkedMessages


@asynccontextmanager
async def running(settings: NotifySettings, *, clock: Clock = utc_now) -> AsyncIterator[RunningNotify]:
    """Run the whole service; leaving stops it in reverse order: the server first, then reader and mail, then database.

    It serves while broker or mail server are away. Raises StartupError, WrongDatabaseVersion, DATABASE_UNAVAILABLE,
    MembersRefused.
    """
    secret = page_token_secret(settings.page_token_secret_file)
    members = MembersFile(settings.members_file, bytes.fromhex(settings.root_public_key), clock)
    words, registry, health = JinjaWords(settings.link_template), CollectorRegistry(), Health()
    mailer = None if settings.smtp is None else SmtpMailer(settings.smtp, clock)
    async with AsyncExitStack() as stack:
        await migrations.upgrade(settings.notify_database_url, MIGRATIONS, "notify")
        database = await stack.enter_async_context(connect_database(settings.notify_database_url))
        store = SqlNotifyStore(database)
        await _ensure_default(settings, store, clock)
        await stack.enter_async_context(_housekeeping(settings, store, clock).running())
        feed = NotificationFeed(store, database.signal, settings.look_seconds)
        await stack.enter_async_context(feed.running())
        if mailer is not None:
            mailing = _mailing(settings, store, mailer, words, clock, database, registry)
            await stack.enter_async_context(mailing)
        listener = ReferralListener(store, words, RegionId(settings.region), clock, new_record_id)
        connection, reader = await _listening(stack, settings, listener, members, clock)
        show_readers({} if reader is None else {NODE: reader}, registry)
        ops_port = None
        if settings.ops_address is not None:
            pages = serving_ops(parse_address(settings.ops_address), registry, [health.problems])
            ops_port = await stack.enter_async_context(pages)
        tokens = PageTokens(secret, clock, timedelta(hours=settings.page_token_hours))
        calls = Calls(store, RegionId(settings.region), clock, new_record_id, tokens, partial(_draining, health))
        servicer = NotifyServicer(calls, feed, _mail_rules(settings.smtp))
        port = await stack.enter_async_context(_serving(settings, servicer, database, clock, health, registry))
        replay = StreamReplay(verifying(members, clock, RegionId(settings.region)), listener.again)
        parked = ParkedMessages(database, {NODE: replay})
        yield RunningNotify(port, ops_port, database, reader, connection, health, parked)


async def run(settings: NotifySettings) -> None:
    """Run the service until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(settings):
        await stop.wait()


async def _ensure_default(settings: NotifySettings, store: SqlNotifyStore, clock: Clock) -> None:
    if settings.default_recipient:
        recipient_id, name = settings.default_recipient, settings.default_recipient_name
        async with store.transaction() as transaction:
            await ensure_default(transaction, recipient_id, name, clock(), new_record_id)


def _housekeeping(settings: NotifySettings, store: SqlNotifyStore, clock: Clock) -> Housekeeping:
    keep, answers = timedelta(days=settings.keep_days), timedelta(days=settings.answer_days)
    return Housekeeping(store, clock, keep, answers, settings.housekeeping_seconds)


@asynccontextmanager
async def _mailing(
    settings: NotifySettings,
    store: SqlNotifyStore,
    mailer: SmtpMailer,
    words: JinjaWords,
    clock: Clock,
    database: Database,
    registry: CollectorRegistry,
) -> AsyncIterator[None]:
    patience = Patience(
        tuple(timedelta(seconds=seconds) for seconds in settings.retry_seconds), timedelta(hours=settings.give_up_hours)
    )
    counter = Counter(
        "lotse_notify_mails", "Tries to hand a mail over, by the state after", ["state"], registry=registry
    )

    def count(state: DeliveryState) -> None:
        counter.labels(str(state)).inc()

    async with sole_holder(database.engine, "notify:mail") as holder:
        look = settings.look_seconds
        mailing = Mailing(store, mailer, words, clock, patience, holder, database.signal, look, count)
        async with mailing.running():
            yield


async def _listening(
    stack: AsyncExitStack, settings: NotifySettings, listener: ReferralListener, members: MembersFile, clock: Clock
) -> tuple[NatsConnection | None, CatalogReader | None]:
    """Connect to the node's own broker, if there is one, and read what the referral service says."""
    broker = settings.own_broker
    if broker is None:
        return None, None
    name = f"{settings.region} notify"
    wanted = NatsSettings(broker.url, name, broker.nkey_seed_file, broker.inbox_prefix)
    connection = await stack.enter_async_context(connect_nats(wanted))
    verify = verifying(members, clock, RegionId(settings.region))
    reader = CatalogReader(connection, NODE, broker.durable, verify, listener.apply, listener.park, clock=clock)
    await stack.enter_async_context(reader.running())
    return connection, reader


def _serving(
    settings: NotifySettings,
    servicer: NotifyServicer,
    database: Database,
    clock: Clock,
    health: Health,
    registry: CollectorRegistry,
) -> AbstractAsyncContextManager[int]:
    return serving(
        settings.server,
        RegionId(settings.region),
        [Registration(SERVICE, add_NotifyServiceServicer_to_server, servicer, ACCESS)],
        clock=clock,
        health=health,
        checks={"database": partial(_answers, database)},
        metrics=CallMetrics(registry),
    )


def _mail_rules(smtp: SmtpSettings | None) -> MailRules:
    return MailRules(possible=False) if smtp is None else MailRules(possible=True, own_address=smtp.sender)


def _draining(health: Health) -> bool:
    return "draining" in health.problems()


async def _answers(database: Database) -> bool:
    await database.ping()
    return True
