"""Methods with many answers pass the same pipeline. No proto of ours has one yet, so one is registered by hand."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from prometheus_client import CollectorRegistry

from lotse.directory.v1 import offer_requests_pb2
from services.common.errors import CheckTheName
from services.common.rpc.access import EVERYBODY, Access
from services.common.rpc.admission import Admission
from services.common.rpc.auth import TokenFile
from services.common.rpc.callers import Role
from services.common.rpc.client import RpcError, connect
from services.common.rpc.context import current_call
from services.common.rpc.metrics import CallMetrics
from services.common.rpc.pipeline import Pipeline
from services.common.rpc.quota import Quota
from tests.integration.common.rpc.small_directory import DRESDEN, Time, make_token

pytestmark = pytest.mark.asyncio(loop_scope="session")

WATCH = "/lotse.test.Service/WatchOffers"
Request, Answer = offer_requests_pb2.GetOfferRequest, offer_requests_pb2.ListOffersResponse


class Endless:
    """Notes that a stream without an end was closed by the server."""

    closed = asyncio.Event()


async def answers(request: Any, _context: Any) -> AsyncIterator[Any]:
    """Give three answers, then whatever the name asks for."""
    assert current_call().method == WATCH
    for number in range(3):
        yield Answer(next_page_token=str(number))
    if request.name.endswith("endless"):
        try:
            while True:
                yield Answer(next_page_token="more")
        finally:
            Endless.closed.set()
    if request.name.endswith("refused"):
        raise CheckTheName("RESOURCE_NOT_FOUND", "gone meanwhile")
    if request.name.endswith("broken"):
        raise RuntimeError("canary-text")


async def read_all(channel: grpc.aio.Channel, name: str) -> list[str]:
    watch: Any = channel.unary_stream(
        WATCH, request_serializer=Request.SerializeToString, response_deserializer=Answer.FromString
    )
    return [answer.next_page_token async for answer in watch(Request(name=f"regions/dresden/offers/{name}"))]


async def read_some_and_leave(channel: grpc.aio.Channel) -> None:
    """Leave a stream in the middle, as a page that is closed does."""
    watch: Any = channel.unary_stream(
        WATCH, request_serializer=Request.SerializeToString, response_deserializer=Answer.FromString
    )
    call = watch(Request(name="regions/dresden/offers/endless"))
    async for _ in call:
        break
    call.cancel()


async def test_a_stream_is_checked_delivered_and_shielded(tmp_path: Path) -> None:
    clock, path = Time(), tmp_path / "tokens.json"
    token = make_token(path, clock, Role.READER)
    ticks = iter(range(1000))
    admission = Admission(DRESDEN, TokenFile(path, clock), Quota(10, 100, lambda: float(next(ticks))))
    registry = CollectorRegistry()
    pipeline = Pipeline({WATCH: Access(EVERYBODY)}, admission, CallMetrics(registry))
    server = grpc.aio.server(interceptors=[pipeline])
    handler = grpc.unary_stream_rpc_method_handler(
        answers,
        request_deserializer=Request.FromString,
        response_serializer=Answer.SerializeToString,
    )
    server.add_registered_method_handlers("lotse.test.Service", {"WatchOffers": handler})
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("lotse.test.Service", {"WatchOffers": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with connect(f"127.0.0.1:{port}", token) as channel:
            assert await read_all(channel, "good") == ["0", "1", "2"]
            for name, code, reason in (
                ("refused", "NOT_FOUND", "RESOURCE_NOT_FOUND"),
                ("broken", "INTERNAL", "INTERNAL"),
                ("Not A Name", "INVALID_ARGUMENT", "INVALID_FIELD"),
            ):
                with pytest.raises(RpcError) as caught:
                    await read_all(channel, name)
                assert (caught.value.code.name, caught.value.reason) == (code, reason)
                assert "canary" not in repr(caught.value)
            async with asyncio.timeout(10):
                await read_some_and_leave(channel)
                await Endless.closed.wait()
        async with connect(f"127.0.0.1:{port}") as channel:
            with pytest.raises(RpcError) as caught:
                await read_all(channel, "good")
            assert caught.value.reason == "TOKEN_MISSING"
    finally:
        assert await pipeline.drain(1.0)
        await server.stop(0)
    assert registry.get_sample_value("lotse_rpc_calls_total", {"method": WATCH, "code": "OK"}) == 1
