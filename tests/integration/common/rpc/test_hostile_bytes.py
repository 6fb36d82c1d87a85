"""Bytes that are no message, too many of them, and random ones: always an answer of ours, never INTERNAL or UNKNOWN."""

import asyncio
from typing import Any

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lotse.directory.v1 import offer_requests_pb2
from services.common.rpc.outgoing import rpc_error
from services.common.rpc.server import MAX_REQUEST_BYTES
from tests.integration.common.rpc.small_directory import CREATE, GET, LIST, Ground, raw_call, small_directory

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAME = b"regions/dresden/offers/erstberatung"
HEALTH = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
REFLECT = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


def nested(tag: bytes, depth: int) -> bytes:
    """Wrap an empty message into itself, `depth` times."""
    body = b""
    for _ in range(depth):
        size, length = len(body), b""
        while True:
            length += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
            size >>= 7
            if not size:
                break
        body = tag + length + body
    return body


MALFORMED = {
    "truncated tag": b"\xff",
    "truncated varint": b"\x10\x80",
    "over-long varint": b"\x10" + b"\xff" * 11,
    "over-long tag": b"\xff" * 11,
    "field number zero": b"\x02\x01a",
    "length beyond the end": b"\x0a\x7fabc",
    "length of two gigabytes": b"\x0a\xff\xff\xff\xff\x07",
    "length of ten bytes": b"\x0a" + b"\xff" * 9 + b"\x01",
    "invalid UTF-8": b"\x0a\x02\xc3\x28",
    "surrogate in UTF-8": b"\x0a\x03\xed\xa0\x80",
    "over-long UTF-8": b"\x0a\x02\xc0\x80",
    "wire type six": b"\x0e\x00",
    "wire type seven": b"\x0f\x00",
    "end of no group": b"\x0c",
    "unended group": b"\x0b",
    "200 open groups": b"\x0b" * 200,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("path", [GET, CREATE, LIST])
async def test_bytes_that_are_no_message_are_refused(
    ground: Ground, channel: grpc.aio.Channel, path: str, body: bytes
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(channel, path, body, ground.tokens["editor"])
    error = rpc_error(caught.value)
    assert (error.code.name, error.reason) == ("INVALID_ARGUMENT", "MALFORMED_REQUEST")
    assert not ground.servicer.seen


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_health_refuses_them_too(channel: grpc.aio.Channel, body: bytes) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(channel, HEALTH, body, None)
    assert rpc_error(caught.value).reason == "MALFORMED_REQUEST"
    watch: Any = channel.unary_stream(WATCH)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await watch(body, timeout=5).read()
    assert rpc_error(caught.value).reason == "MALFORMED_REQUEST"


async def test_wrong_wire_types_unknown_fields_and_nesting_leave_the_known_fields_to_their_rules(
    ground: Ground, channel: grpc.aio.Channel
) -> None:
    # A known field of another wire type counts as unknown (the wire format's rule), so `name` is missing here.
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(channel, GET, b"\x08\x01", ground.tokens["editor"])
    assert [field.path for field in rpc_error(caught.value).fields] == ["name"]
    good = b"\x0a" + bytes([len(NAME)]) + NAME
    # Unknown fields are ignored; of a single field that comes twice the last one holds.
    for body in (good + b"\xfa\x3f\x03abc", b"\x0a\x01x" + good, nested(b"\xa2\x06", 100) + good):
        await raw_call(channel, GET, body, ground.tokens["editor"])
    assert [request.name.encode() for request in ground.servicer.seen] == [NAME] * 3  # type: ignore[attr-defined]


@pytest.mark.parametrize("depth", [100, 1000])
async def test_deep_nesting_in_a_message_field_is_answered(
    ground: Ground, channel: grpc.aio.Channel, depth: int
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(channel, CREATE, nested(b"\x1a", depth), ground.tokens["editor"])
    assert caught.value.code().name == "INVALID_ARGUMENT"
    assert not ground.servicer.seen


@pytest.mark.parametrize(
    ("size", "code", "reason"),
    [
        (MAX_REQUEST_BYTES - 1, "INVALID_ARGUMENT", "INVALID_FIELD"),
        (MAX_REQUEST_BYTES, "INVALID_ARGUMENT", "INVALID_FIELD"),
        (MAX_REQUEST_BYTES + 1, "RESOURCE_EXHAUSTED", ""),
    ],
)
async def test_a_mebibyte_is_read_and_one_byte_more_is_not(
    ground: Ground, channel: grpc.aio.Channel, size: int, code: str, reason: str
) -> None:
    bare = offer_requests_pb2.GetOfferRequest(name="x" * (size - 4)).SerializeToString()
    assert len(bare) == size
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(channel, GET, bare, ground.tokens["editor"])
    error = rpc_error(caught.value)
    assert (error.code.name, error.reason) == (code, reason)
    assert not ground.servicer.seen


async def test_a_compressed_bomb_is_refused(ground: Ground) -> None:
    bomb = offer_requests_pb2.GetOfferRequest(name="x" * (20 * MAX_REQUEST_BYTES)).SerializeToString()
    async with grpc.aio.insecure_channel(ground.target, compression=grpc.Compression.Gzip) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await raw_call(channel, GET, bomb, ground.tokens["editor"])
        assert caught.value.code().name == "RESOURCE_EXHAUSTED"
        await raw_call(channel, GET, b"\x0a" + bytes([len(NAME)]) + NAME, ground.tokens["editor"])


async def test_twenty_kilobytes_of_metadata_are_refused(ground: Ground) -> None:
    options = (("grpc.absolute_max_metadata_size", 64 * 1024), ("grpc.max_metadata_size", 64 * 1024))
    async with grpc.aio.insecure_channel(ground.target, options=options) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await raw_call(channel, GET, b"", ground.tokens["editor"], 5.0, ("x-padding", "a" * 20_000))
    assert caught.value.code().name == "RESOURCE_EXHAUSTED"
    assert not ground.servicer.seen


async def answer_code(channel: grpc.aio.Channel, path: str, body: bytes, token: str) -> str:
    metadata = (("authorization", f"Bearer {token}"),)
    try:
        if path == WATCH:
            watch: Any = channel.unary_stream(WATCH)
            stream = watch(body, timeout=5, metadata=metadata)
            await stream.read()
            stream.cancel()
        elif path == REFLECT:
            reflect: Any = channel.stream_stream(REFLECT)
            both = reflect(iter([body]), timeout=5, metadata=metadata)
            await both.read()
            both.cancel()
        else:
            await raw_call(channel, path, body, token)
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return "OK"


WILD_BYTES = st.one_of(
    st.binary(max_size=200),
    # Tags and lengths in a fair mix get deeper into the messages than noise does.
    st.lists(
        st.one_of(
            st.builds(
                lambda tag, body: bytes([tag, len(body)]) + body,
                st.sampled_from([10, 18, 26, 34, 42]),
                st.binary(max_size=60),
            ),
            st.builds(
                lambda tag, value: bytes([tag, value]), st.sampled_from([8, 16, 24, 32, 40]), st.integers(0, 127)
            ),
            st.text(max_size=20).map(lambda text: b"\x0a" + bytes([len(text.encode())]) + text.encode()),
        ),
        max_size=8,
    ).map(b"".join),
)


async def test_random_bytes_never_give_internal_or_unknown(tmp_path_factory: pytest.TempPathFactory) -> None:
    loop = asyncio.get_running_loop()
    codes: set[str] = set()
    async with (
        small_directory(tmp_path_factory.mktemp("fuzz"), reflection=True) as ground,
        grpc.aio.insecure_channel(ground.target) as channel,
    ):

        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        @given(path=st.sampled_from([GET, CREATE, LIST, HEALTH, WATCH, REFLECT]), body=WILD_BYTES)
        def throw(path: str, body: bytes) -> None:
            answer = answer_code(channel, path, body, ground.tokens["editor"])
            code = asyncio.run_coroutine_threadsafe(answer, loop).result(10)
            codes.add(code)
            assert code not in {"INTERNAL", "UNKNOWN"}

        await asyncio.to_thread(throw)
    assert {"INVALID_ARGUMENT", "OK"} <= codes
