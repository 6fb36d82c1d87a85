"""Measures what the pipeline costs: our checked calls beside an empty call on a bare grpc.aio server, in one run.

The three kinds of call take turns, so that whatever else the machine does hits them alike; figures are milliseconds
over loopback, client and servers in one process and one event loop.
"""

import asyncio
import gc
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc

from lotse.directory.v1 import directory_service_pb2, directory_service_pb2_grpc, offer_pb2, offer_requests_pb2
from services.common.clock import utc_now
from services.common.names import RegionId
from services.common.rpc.access import EVERYBODY, Access, rows
from services.common.rpc.auth import create_token
from services.common.rpc.callers import Role
from services.common.rpc.server import QuotaSettings, Registration, ServerSettings, serving

SERVICE = "lotse.directory.v1.DirectoryService"
DRESDEN = RegionId("dresden")
WARM_UP = 100

Call = Callable[[], Awaitable[Any]]


class Answering(directory_service_pb2_grpc.DirectoryServiceServicer):
    """Answers at once, so that only the way there and back is measured."""

    async def GetOffer(self, request: Any, context: Any) -> Any:  # noqa: N802 - the proto's name
        """Give an empty answer."""
        return offer_requests_pb2.GetOfferResponse()

    async def CreateOffer(self, request: Any, context: Any) -> Any:  # noqa: N802 - the proto's name
        """Give an empty answer."""
        return offer_requests_pb2.CreateOfferResponse()


@asynccontextmanager
async def bare_server() -> AsyncIterator[int]:
    """Serve one method that takes and gives empty bytes, with nothing around it."""

    async def empty(_request: bytes, _context: Any) -> bytes:
        return b""

    server = grpc.aio.server()
    handler: Any = grpc.unary_unary_rpc_method_handler(empty)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Bare", {"Empty": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


@asynccontextmanager
async def checked_server() -> AsyncIterator[tuple[int, str]]:
    """Serve DirectoryService behind the whole pipeline; yields the port and an editor's token."""
    with tempfile.TemporaryDirectory() as folder:
        tokens = Path(folder) / "tokens.json"
        token = create_token(
            tokens, utc_now, region=DRESDEN, role=Role.EDITOR, name="bench", lifetime=timedelta(hours=1)
        )
        methods = [
            method.name for method in directory_service_pb2.DESCRIPTOR.services_by_name["DirectoryService"].methods
        ]
        add = directory_service_pb2_grpc.add_DirectoryServiceServicer_to_server
        servicer: Any = Answering  # its stub calls the methods that are not measured abstract
        registration = Registration(SERVICE, add, servicer(), rows(SERVICE, Access(EVERYBODY), *methods))
        settings = ServerSettings(tokens_file=tokens, quota=QuotaSettings(rate=1e6, burst=1_000_000))
        async with serving(settings, DRESDEN, [registration]) as port:
            yield port, token


def offer_request() -> Any:
    """Make a request of common size: two languages, one with a long text."""
    texts = [
        {"language_code": "de", "title": "Erstberatung", "summary": "Beratung", "description": "Wir beraten. " * 100},
        {"language_code": "en", "title": "First advice", "summary": "Advice", "description": "We advise."},
    ]
    offer = offer_pb2.Offer(
        kind=1,  # type: ignore[arg-type]
        partner="regions/dresden/partners/ihk",
        scope=2,  # type: ignore[arg-type]
        texts=texts,  # type: ignore[arg-type]
        topics=["recognition", "german-course"],
    )
    request_id = "0190d3a4-7b6e-7c1d-8e2f-0123456789ab"
    return offer_requests_pb2.CreateOfferRequest(parent="regions/dresden", offer=offer, request_id=request_id)


async def timed(calls: dict[str, Call], rounds: int) -> dict[str, list[float]]:
    """Let the calls take turns; gives each one's milliseconds, in the order of the rounds."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + WARM_UP):
        for name, call in calls.items():
            started = time.perf_counter()
            await call()
            if turn >= WARM_UP:
                taken[name].append((time.perf_counter() - started) * 1000)
    return taken


def figures(taken: list[float], bare: list[float]) -> dict[str, float]:
    """Give p50, p99, and how much more than the bare call beside it: median of the differences, and of the ratios."""
    return {
        "p50_ms": round(statistics.median(taken), 3),
        "p99_ms": round(statistics.quantiles(taken, n=100)[98], 3),
        "more_than_bare_ms": round(statistics.median(one - other for one, other in zip(taken, bare, strict=True)), 3),
        "times_bare": round(statistics.median(one / other for one, other in zip(taken, bare, strict=True)), 2),
    }


async def run(rounds: int = 2000) -> dict[str, Any]:
    """Measure `rounds` rounds after a warm-up, one call at a time."""
    async with (
        bare_server() as bare_port,
        checked_server() as (port, token),
        grpc.aio.insecure_channel(f"127.0.0.1:{bare_port}") as bare_channel,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        empty: Any = bare_channel.unary_unary("/bench.Bare/Empty")
        stub: Any = directory_service_pb2_grpc.DirectoryServiceStub(channel)
        metadata = (("authorization", f"Bearer {token}"),)
        get, create = offer_requests_pb2.GetOfferRequest(name="regions/dresden/offers/a"), offer_request()
        calls: dict[str, Call] = {
            "bare": lambda: empty(b""),
            "get_offer": lambda: stub.GetOffer(get, timeout=5, metadata=metadata),
            "create_offer": lambda: stub.CreateOffer(create, timeout=5, metadata=metadata),
        }
        gc.collect()
        taken = await timed(calls, rounds)
    return {
        "rounds": rounds,
        "create_offer_bytes": create.ByteSize(),
        **{name: figures(times, taken["bare"]) for name, times in taken.items()},
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run()), indent=2))
