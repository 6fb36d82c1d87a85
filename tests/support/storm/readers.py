"""Reads what one search holds and says: its database, all documents of its index, its answers over gRPC."""

import asyncio
import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import grpc
from sqlalchemy import select

from lotse.directory.v1 import directory_events_pb2
from lotse.search.v1 import search_service_pb2
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.db.engine import connect_database
from services.common.db.inbox import external_version
from services.common.rpc.client import RpcError
from services.node.cli.target import Target
from services.search.adapters.engine import connect_engine
from services.search.adapters.tables import SearchTable
from services.search.settings import SearchSettings
from tests.support.storm.facts import Copy, Reader
from tests.support.storm.history import Place

if TYPE_CHECKING:  # the generated code knows them in its .pyi only
    from lotse.search.v1.search_service_pb2_grpc import SearchServiceAsyncStub

_INBOX, _ENTRY = SearchTable.metadata.tables["inbox"], SearchTable.metadata.tables["entry"]
_AT_ONCE = 8
_ENGINE_SECONDS = 30.0


async def read_reader(settings: SearchSettings, target: Target, offers: Sequence[Place]) -> Reader:
    """Read everything that one search holds; GetOffer is asked for each of `offers`."""
    async with target.channel() as channel:
        stub: SearchServiceAsyncStub = SearchServiceStub(channel)
        books, engine = await _books(settings), await engine_documents(settings)
        found, total = await _found(stub)
        return Reader(settings.region, books, engine, await _answers(stub, offers), found, total)


async def get_offer(stub: "SearchServiceAsyncStub", place: Place) -> directory_events_pb2.OfferEntry | None:
    """Ask for one offer; None when it is not known."""
    try:
        return (await stub.GetOffer(search_service_pb2.GetOfferRequest(name=name_of(place)))).entry
    except RpcError as error:
        if error.code is grpc.StatusCode.NOT_FOUND:
            return None
        raise


def name_of(place: Place) -> str:
    """Give the resource name of a record."""
    region, kind, record_id = place
    return f"regions/{region}/{kind}s/{record_id}"


def place_of(name: str) -> Place:
    """Take a resource name apart."""
    _, region, collection, record_id = name.split("/")
    return region, collection.removesuffix("s"), record_id


async def engine_documents(settings: SearchSettings) -> dict[Place, Copy]:
    """Read every document of the index, tombstones too, after making all of it visible."""
    query = {"query": {"match_all": {}}, "version": True, "size": 10_000, "track_total_hits": True}
    async with connect_engine(settings.opensearch_url, _ENGINE_SECONDS) as client:
        await client.indices.refresh(index=settings.index_name)
        hits = (await client.search(index=settings.index_name, body=query))["hits"]
    assert hits["total"]["value"] == len(hits["hits"]), "more documents than one request can give"
    return dict(map(_document, hits["hits"]))


def _document(hit: Any) -> tuple[Place, Copy]:
    region, _, record_id = hit["_id"].partition("/")
    source = hit["_source"]
    return (region, "offer", record_id), Copy(
        hit["_version"], source["deleted"], base64.b64decode(source.get("entry", ""))
    )


async def _books(settings: SearchSettings) -> dict[Place, Copy]:
    same = [_ENTRY.c[name] == _INBOX.c[name] for name in ("region", "kind", "record_id")]
    joined = _INBOX.outerjoin(_ENTRY, same[0] & same[1] & same[2])
    async with connect_database(settings.search_database_url) as database, database.reading() as session:
        rows = (await (await session.connection()).execute(select(_INBOX, _ENTRY.c.body).select_from(joined))).all()
    return {
        (row.region, row.kind, row.record_id): Copy(
            external_version(row.epoch, row.revision), row.deleted, bytes(row.body or b"")
        )
        for row in rows
    }


async def _answers(stub: "SearchServiceAsyncStub", offers: Sequence[Place]) -> dict[Place, bytes]:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def ask(place: Place) -> tuple[Place, bytes] | None:
        async with gate:
            entry = await get_offer(stub, place)
        return (place, entry.SerializeToString(deterministic=True)) if entry is not None else None

    return dict(filter(None, await asyncio.gather(*map(ask, offers))))


async def _found(stub: "SearchServiceAsyncStub") -> tuple[frozenset[Place], int]:
    """Page through an empty search: the best 200 of all, and how many there are."""
    request = search_service_pb2.SearchOffersRequest(page_size=50)
    first = answer = await stub.SearchOffers(request)
    found = {place_of(hit.name) for hit in first.hits}
    while answer.next_page_token:
        request.page_token = answer.next_page_token
        answer = await stub.SearchOffers(request)
        found |= {place_of(hit.name) for hit in answer.hits}
    return frozenset(found), first.total_size
