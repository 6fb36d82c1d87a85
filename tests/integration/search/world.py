"""A search service without network: real database and engine, messages put in by hand, calls without a server."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from opensearchpy import AsyncOpenSearch

from lotse.search.v1 import search_service_pb2
from services.common.db import migrations
from services.common.db.engine import Database, connect_database
from services.common.db.parked import Unreadable
from services.common.ids import new_record_id
from services.common.messaging.received import Received
from services.common.names import RegionId
from services.common.paging import PageTokens
from services.search.adapters.engine import connect_engine
from services.search.adapters.generations import OpenSearchGenerations
from services.search.adapters.opensearch import OpenSearchOfferIndex
from services.search.adapters.sql import SqlEntryStore
from services.search.app import MIGRATIONS
from services.search.consumer import CatalogApplier
from services.search.domain.coverage import Membership, ReaderFacts
from services.search.freshness import FreshnessBook
from services.search.handlers.parts import SearchParts
from services.search.handlers.wording import Wording, wording_of
from services.search.keeping import IndexKeeper
from services.search.reindex import Rebuild
from services.search.sentences import load_sentences
from services.search.servicer import SearchServicer
from services.search.tagging import TopicTagger
from services.search.thesaurus import Thesaurus, load_thesaurus
from services.search.understanding import Understander, build_understander
from services.search.understanding.place_names import PlaceSuggester, load_place_suggester
from services.search.understanding.steps import load_step_phrases
from tests.integration.search.offers import START, entry, message

REGIONS = ("chemnitz", "dresden", "leipzig")


@cache
def understander() -> Understander:
    return build_understander()


@cache
def thesaurus() -> Thesaurus:
    return load_thesaurus()


@cache
def wording() -> Wording:
    return wording_of(thesaurus())


@cache
def places() -> PlaceSuggester:
    return load_place_suggester()


@dataclass
class TestClock:
    """Stands still until it is moved."""

    __test__ = False
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Regions:
    """Who belongs; a test may change it."""

    left: set[str] = field(default_factory=set)

    def members(self) -> Sequence[Membership]:
        return [Membership(RegionId(name), f"Welcome Center {name}", name not in self.left) for name in REGIONS]


@dataclass
class Reading:
    """How reading goes, as a test says."""

    now: ReaderFacts = field(default_factory=ReaderFacts)

    def facts(self) -> ReaderFacts:
        return self.now


@dataclass
class World:
    """All parts, each real but the network."""

    client: AsyncOpenSearch
    database: Database
    store: SqlEntryStore
    generations: OpenSearchGenerations
    index: OpenSearchOfferIndex
    keeper: IndexKeeper
    applier: CatalogApplier
    freshness: FreshnessBook
    servicer: SearchServicer
    clock: TestClock
    regions: Regions
    reading: Reading
    parts: SearchParts

    async def apply(self, *messages: Received) -> Sequence[Unreadable]:
        """Apply a batch and make it visible; gives what was found unfit."""
        unfit = await self.applier.apply(messages)
        await self.refresh()
        return unfit

    async def publish(self, record_id: str, title: str = "Beratung", *, revision: int = 1, **changes: Any) -> None:
        assert not await self.apply(message(entry(record_id, title, **changes), revision))

    async def refresh(self) -> None:
        await self.client.indices.refresh(index=self.generations.read_alias)

    async def search(self, text: str = "", **fields: Any) -> search_service_pb2.SearchOffersResponse:
        request = search_service_pb2.SearchOffersRequest(text=text, **fields)
        return await self.servicer.SearchOffers(request, None)

    async def found(self, text: str = "", **fields: Any) -> list[str]:
        """Give the ids of the hits, best first."""
        return ids(await self.search(text, **fields))

    async def held(self) -> Mapping[str, tuple[int, bool]]:
        """Give version and "deleted" of every document, by id: the whole state of the index."""
        await self.refresh()
        body = {"size": 10_000, "query": {"match_all": {}}, "_source": ["deleted"], "version": True}
        answer = await self.client.search(body=body, index=self.generations.read_alias)
        return {hit["_id"]: (hit["_version"], hit["_source"]["deleted"]) for hit in answer["hits"]["hits"]}


def ids(response: search_service_pb2.SearchOffersResponse) -> list[str]:
    return [hit.name.rsplit("/", 1)[1] for hit in response.hits]


@asynccontextmanager
async def running_world(engine_url: str, database_url: str, index: str) -> AsyncIterator[World]:
    """Put the parts together on an index of this name; its index is dropped at the end."""
    await migrations.upgrade(database_url, MIGRATIONS, "search")
    async with connect_database(database_url) as database, connect_engine(engine_url, 30) as client:
        world = assembled(database, client, index)
        await world.keeper.ensure()
        await world.freshness.refresh()
        yield world
        for name in await client.indices.get(index=f"{index}-*"):
            await client.indices.delete(index=name)


def assembled(database: Database, client: AsyncOpenSearch, index: str) -> World:
    clock, regions, reading = TestClock(), Regions(), Reading()
    store = SqlEntryStore(database)
    generations = OpenSearchGenerations(client, index, 200, new_record_id)
    tagger = TopicTagger(understander(), thesaurus())
    keeper = IndexKeeper(Rebuild(store, generations, tagger), generations)
    offers = OpenSearchOfferIndex(client, generations, keeper.index_is_missing)
    freshness = FreshnessBook(store, regions, reading)
    tokens = PageTokens(b"a secret of the tests, 32 bytes..", clock, timedelta(minutes=10))
    parts = SearchParts(
        index=offers,
        entries=store,
        understander=understander(),
        thesaurus=thesaurus(),
        wording=wording(),
        federation=regions,
        freshness=freshness,
        tokens=tokens,
        clock=clock,
        places=places(),
        step_phrases=load_step_phrases(),
        sentences=load_sentences(),
    )
    applier = CatalogApplier("CATALOG", store, offers, tagger, clock)
    servicer = SearchServicer(parts)
    return World(
        client,
        database,
        store,
        generations,
        offers,
        keeper,
        applier,
        freshness,
        servicer,
        clock,
        regions,
        reading,
        parts,
    )
