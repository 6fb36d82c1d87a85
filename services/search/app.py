"""Composes the search: database, engine, understanding, readers of hub and own broker, server."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry

from lotse.search.v1.search_service_pb2_grpc import add_SearchServiceServicer_to_server
from services.common.clock import Clock, utc_now
from services.common.db import migrations
from services.common.db.engine import Database, connect_database
from services.common.db.parked import Unreadable
from services.common.ids import new_record_id
from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.common.messaging.consumer import CatalogReader
from services.common.messaging.envelope import verifying
from services.common.messaging.gauges import show_readers
from services.common.messaging.members_file import MembersFile
from services.common.messaging.parking import ParkedMessages, StreamReplay
from services.common.messaging.subjects import CATALOG, NODE
from services.common.names import RegionId
from services.common.paging import PageTokens
from services.common.rpc.address import parse_address
from services.common.rpc.health import Health
from services.common.rpc.metrics import CallMetrics
from services.common.rpc.ops import serving_ops
from services.common.rpc.server import Registration, serving
from services.common.settings import StartupError
from services.search.adapters.engine import connect_engine
from services.search.adapters.federation import RunningReaders, SignedFederation
from services.search.adapters.generations import OpenSearchGenerations
from services.search.adapters.opensearch import OpenSearchOfferIndex
from services.search.adapters.sql import SqlEntryStore
from services.search.consumer import CatalogApplier
from services.search.freshness import FreshnessBook
from services.search.handlers.parts import SearchParts
from services.search.handlers.wording import wording_of
from services.search.keeping import IndexKeeper
from services.search.reindex import Rebuild, Rebuilt
from services.search.sentences import load_sentences
from services.search.servicer import ACCESS, SERVICE, SearchServicer
from services.search.settings import BrokerSettings, SearchSettings
from services.search.tagging import TopicTagger
from services.search.thesaurus import Thesaurus, load_thesaurus
from services.search.understanding import Understander, build_understander
from services.search.understanding.classifier import ConceptClassifier, concept_classifier
from services.search.understanding.encoder import EncoderMissing
from services.search.understanding.place_names import load_place_suggester
from services.search.understanding.steps import load_step_phrases

log = structlog.get_logger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
"""Where the tables' versions stand."""
_TOKEN_LIFETIME = timedelta(minutes=10)
"""How long a page token is good (search_service.proto)."""
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class RunningSearch:
    """The service while it runs: `port` serves gRPC, `ops_port` operators; `readers` by stream."""

    port: int
    ops_port: int | None
    database: Database
    keeper: IndexKeeper
    readers: dict[str, CatalogReader]
    connections: dict[str, NatsConnection]
    health: Health
    parked: ParkedMessages


@dataclass(frozen=True, slots=True)
class _Core:
    """What both the service and a rebuild by hand are made of."""

    database: Database
    store: SqlEntryStore
    index: OpenSearchOfferIndex
    understander: Understander
    thesaurus: Thesaurus
    tagger: TopicTagger
    keeper: IndexKeeper


@asynccontextmanager
async def running(settings: SearchSettings, *, clock: Clock = utc_now) -> AsyncIterator[RunningSearch]:
    """Run the whole service; leaving stops it in reverse order.

    It serves while its engine, database or brokers are away, and says so. Raises StartupError, WrongDatabaseVersion,
    DATABASE_UNAVAILABLE, MembersRefused.
    """
    members = MembersFile(settings.members_file, bytes.fromhex(settings.root_public_key), clock)
    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(_core(settings))
        federation, states = SignedFederation(members), RunningReaders(RegionId(settings.region))
        freshness = FreshnessBook(core.store, federation, states)
        await stack.enter_async_context(freshness.running(settings.coverage_refresh_seconds))
        await stack.enter_async_context(core.keeper.running())
        reading = _Reading(settings, core, members, clock)
        connections, readers = await reading.enter(stack)
        states.hub, states.own = readers.get(CATALOG), readers.get(NODE)
        parts = SearchParts(
            index=core.index,
            entries=core.store,
            understander=core.understander,
            thesaurus=core.thesaurus,
            wording=await asyncio.to_thread(wording_of, core.thesaurus),
            federation=federation,
            freshness=freshness,
            tokens=PageTokens(_secret(settings), clock, _TOKEN_LIFETIME),
            clock=clock,
            places=await asyncio.to_thread(load_place_suggester),
            step_phrases=load_step_phrases(),
            sentences=load_sentences(),
        )
        health, registry = Health(), CollectorRegistry()
        show_readers(readers, registry)
        ops_port = None
        if settings.ops_address is not None:
            pages = serving_ops(parse_address(settings.ops_address), registry, [health.problems])
            ops_port = await stack.enter_async_context(pages)
        server = serving(
            settings.server,
            RegionId(settings.region),
            [Registration(SERVICE, add_SearchServiceServicer_to_server, SearchServicer(parts), ACCESS)],
            clock=clock,
            health=health,
            checks={"database": partial(_answers, core.database), "index": core.keeper.is_served},
            metrics=CallMetrics(registry),
        )
        port = await stack.enter_async_context(server)
        parked = ParkedMessages(core.database, reading.replays)
        yield RunningSearch(port, ops_port, core.database, core.keeper, readers, connections, health, parked)


async def reindex(settings: SearchSettings) -> Rebuilt:
    """Rebuild the index from the search database, beside a running service or without one.

    Raises SEARCH_ENGINE_UNAVAILABLE, DATABASE_UNAVAILABLE, RebuildFailed, WrongDatabaseVersion.
    """
    async with _core(settings) as core:
        return await core.keeper.rebuild()


async def run(settings: SearchSettings) -> None:
    """Run the service until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(settings):
        await stop.wait()


@asynccontextmanager
async def _core(settings: SearchSettings) -> AsyncIterator[_Core]:
    async with AsyncExitStack() as stack:
        await migrations.upgrade(settings.search_database_url, MIGRATIONS, "search")
        database = await stack.enter_async_context(connect_database(settings.search_database_url))
        engine = connect_engine(settings.opensearch_url, settings.opensearch_timeout_seconds)
        client = await stack.enter_async_context(engine)
        generations = OpenSearchGenerations(client, settings.index_name, settings.refresh_interval_ms, new_record_id)
        thesaurus = await asyncio.to_thread(load_thesaurus)
        classifier = await asyncio.to_thread(_second_opinion, settings)
        understander = await asyncio.to_thread(build_understander, thesaurus, classifier)
        tagger = TopicTagger(understander, thesaurus)
        store = SqlEntryStore(database)
        keeper = IndexKeeper(Rebuild(store, generations, tagger), generations)
        yield _Core(
            database,
            store,
            OpenSearchOfferIndex(client, generations, keeper.index_is_missing),
            understander,
            thesaurus,
            tagger,
            keeper,
        )


def _second_opinion(settings: SearchSettings) -> ConceptClassifier | None:
    """Load the encoder as the settings want it; raises StartupError when it must be there and is not."""
    if settings.encoder == "off":
        return None
    try:
        return concept_classifier()
    except EncoderMissing as error:
        if settings.encoder == "on":
            raise StartupError(f"LOTSE_ENCODER: {error}") from None
        log.info("encoder.left_out", reason=str(error))
        return None


class _Reading:
    """What both readers share."""

    def __init__(self, settings: SearchSettings, core: _Core, members: MembersFile, clock: Clock) -> None:
        self._settings = settings
        self._core = core
        self._members = members
        self._clock = clock
        self.replays: dict[str, StreamReplay] = {}
        """How messages of each stream are checked and applied."""

    async def enter(self, stack: AsyncExitStack) -> tuple[dict[str, NatsConnection], dict[str, CatalogReader]]:
        """Connect to each broker that is set and read its stream."""
        settings = self._settings
        connections: dict[str, NatsConnection] = {}
        readers: dict[str, CatalogReader] = {}
        for stream, broker, own in ((CATALOG, settings.hub, None), (NODE, settings.own_broker, settings.region)):
            if broker is None:
                continue
            connection = await stack.enter_async_context(connect_nats(self._connection(broker)))
            reader = self._reader(stream, broker, connection, None if own is None else RegionId(own))
            await stack.enter_async_context(reader.running())
            connections[stream], readers[stream] = connection, reader
        return connections, readers

    def _connection(self, broker: BrokerSettings) -> NatsSettings:
        name = f"{self._settings.region} search"
        return NatsSettings(broker.url, name, broker.nkey_seed_file, broker.inbox_prefix)

    def _reader(
        self, stream: str, broker: BrokerSettings, connection: NatsConnection, own: RegionId | None
    ) -> CatalogReader:
        core = self._core
        applier = CatalogApplier(stream, core.store, core.index, core.tagger, self._clock)
        verify = verifying(self._members, self._clock, own)
        self.replays[stream] = StreamReplay(verify, applier.again)
        return CatalogReader(connection, stream, broker.durable, verify, applier.apply, self._park, clock=self._clock)

    async def _park(self, messages: Sequence[Unreadable]) -> None:
        await self._core.store.park(messages, self._clock())


def _secret(settings: SearchSettings) -> bytes:
    """Give the secret that signs page tokens, or make one for the life of this process."""
    if settings.page_token_secret is None:
        return secrets.token_bytes(_SECRET_BYTES)
    return settings.page_token_secret.get_secret_value()


async def _answers(database: Database) -> bool:
    await database.ping()
    return True
