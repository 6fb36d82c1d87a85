"""Measures what SearchOffers adds to the engine: the whole call over gRPC beside its own engine request sent raw.

The raw requests are the very bodies that the call sends (the ranking with its facets, then the offers of the page),
made beforehand, posted by aiohttp and read as bytes; the call goes through a bare stub, for what a caller's own client
adds is no part of the service. Both take turns, over many different questions; figures are milliseconds over loopback,
client and service in one event loop.
"""

import asyncio
import gc
import json
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import grpc

from bench.search_offers import fill_inbox, running_search
from bench.understanding import questions
from lotse.search.v1 import search_pb2, search_service_pb2
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.clock import today_in_saxony, utc_now
from services.search.adapters.opensearch import msearch_body, ranking_bodies
from services.search.adapters.queries import offers_body
from services.search.adapters.sql import SqlEntryStore
from services.search.convert.requests import search_request
from services.search.domain.questions import Question
from services.search.domain.ranking import may_be_misspelt
from services.search.domain.searching import SearchRequest
from services.search.handlers.questions import question_for
from services.search.handlers.wording import wording_of
from services.search.thesaurus import load_thesaurus
from services.search.understanding import build_understander

ROUNDS = 300
WARM_UP = 60
_FACETS = [search_pb2.FACET_FIELD_TOPIC, search_pb2.FACET_FIELD_CONSULTATION_LANGUAGE, search_pb2.FACET_FIELD_KIND]
_DISTRICTS = ("14511", "14612", "14713", "14626")

Request = search_service_pb2.SearchOffersRequest
Call = Callable[[Any], Awaitable[Any]]


def requests(facets: list[search_pb2.FacetField.ValueType], seed: int = 11) -> list[Request]:
    """Ask callers' questions in many languages, those of the evaluation set, from four districts."""
    draw = random.Random(seed)
    return [
        Request(text=text, caller_district_code=draw.choice(_DISTRICTS), facets=facets)
        for text in draw.sample(questions(), ROUNDS + WARM_UP)
    ]


async def run(sizes: tuple[int, ...] = (10_000, 100_000)) -> dict[str, Any]:
    """Measure at each size: the search with and without facets, and the type-ahead."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in sizes:
            place = folder / str(size)
            place.mkdir()
            results[str(size)] = await _at_size(place, size)
    return results


async def _at_size(folder: Path, size: int) -> dict[str, Any]:
    async with running_search(folder) as (service, settings, token), aiohttp.ClientSession() as session:
        await fill_inbox(SqlEntryStore(service.database), size)
        await service.keeper.rebuild()
        url = f"{settings.opensearch_url}/{settings.index_name}/_msearch"
        async with grpc.aio.insecure_channel(f"127.0.0.1:{service.port}") as channel:
            service_calls: Any = SearchServiceStub(channel)
            sent_with: dict[str, Any] = {"timeout": 5, "metadata": (("authorization", f"Bearer {token}"),)}
            search = partial(service_calls.SearchOffers, **sent_with)
            return {
                "without_facets": await _compare(search, session, url, requests([])),
                "with_facets": await _compare(search, session, url, requests(_FACETS)),
                "type_ahead": await _typed(partial(service_calls.SuggestConcepts, **sent_with), requests([])),
            }


async def _compare(search: Call, session: aiohttp.ClientSession, url: str, asked: list[Request]) -> dict[str, Any]:
    """Send each question both ways, in changing order; the first ones only warm up."""
    bodies = [await raw_bodies(session, url, request, question) for request, question in understood(asked)]
    ours: list[float] = []
    raw: list[float] = []
    hits = 0
    gc.collect()
    for number, request in enumerate(asked):

        async def call(request: Request = request) -> Any:
            return await search(request)

        async def post(bodies: tuple[bytes, ...] = bodies[number]) -> None:
            for body in bodies:
                await _post(session, url, body)

        first, second = ((call, ours), (post, raw)) if number % 2 else ((post, raw), (call, ours))
        for send, times in (first, second):
            answer = await _timed(send, times)
            hits += len(answer.hits) if send is call else 0
    return _summary(ours[WARM_UP:], raw[WARM_UP:], hits / len(asked))


async def _typed(suggest: Call, asked: list[Request]) -> dict[str, Any]:
    """Time whole SuggestConcepts calls for what is typed of each question; their limit is p95 under 20 ms."""
    times: list[float] = []
    for number, request in enumerate(asked):
        typed = search_service_pb2.SuggestConceptsRequest(prefix=request.text[: 2 + number % 6], language_code="de")

        async def call(typed: search_service_pb2.SuggestConceptsRequest = typed) -> Any:
            return await suggest(typed)

        await _timed(call, times)
    return {**_quantiles("rpc", times[WARM_UP:]), "limit_p95_ms": 20.0}


def understood(asked: list[Request]) -> list[tuple[SearchRequest, Question]]:
    """Make the question that the service asks its engine for each request."""
    understander, wording, today = build_understander(), wording_of(load_thesaurus()), today_in_saxony(utc_now())
    made: list[tuple[SearchRequest, Question]] = []
    for message in asked:
        request = search_request(message)
        understanding = understander.understand(request.text, request.language)
        made.append((request, question_for(request, understanding, wording, today, ())))
    return made


async def raw_bodies(
    session: aiohttp.ClientSession, url: str, request: SearchRequest, question: Question
) -> tuple[bytes, ...]:
    """Make the requests that one call sends: a second ranking after few hits, and none for offers without any."""
    ranking = msearch_body(ranking_bodies(question, request.facets))
    answer = json.loads(await _post(session, url, ranking))["responses"][0]["hits"]
    bodies = [ranking]
    if may_be_misspelt(question, answer["total"]["value"]):
        question = replace(question, fuzzy=True)
        bodies.append(msearch_body(ranking_bodies(question, request.facets)))
        answer = json.loads(await _post(session, url, bodies[-1]))["responses"][0]["hits"]
    ids = [hit["sort"][-1] for hit in answer["hits"]][: request.page_size]
    return (*bodies, msearch_body([offers_body(question, ids)])) if ids else tuple(bodies)


async def _post(session: aiohttp.ClientSession, url: str, body: bytes) -> bytes:
    async with session.post(url, data=body, headers={"Content-Type": "application/x-ndjson"}) as answer:
        answer.raise_for_status()
        return await answer.read()


async def _timed(send: Callable[[], Awaitable[Any]], times: list[float]) -> Any:
    start = time.perf_counter()
    answer = await send()
    times.append((time.perf_counter() - start) * 1e3)
    return answer


def _summary(ours: list[float], raw: list[float], hits: float) -> dict[str, Any]:
    return {
        **_quantiles("rpc", ours),
        **_quantiles("raw", raw),
        "ratio_p50": round(statistics.median(ours) / statistics.median(raw), 3),
        "mean_hits": round(hits, 1),
    }


def _quantiles(name: str, times: list[float]) -> dict[str, float]:
    p95 = statistics.quantiles(times, n=20)[18]
    return {f"{name}_p50_ms": round(statistics.median(times), 2), f"{name}_p95_ms": round(p95, 2)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run()), indent=1))
