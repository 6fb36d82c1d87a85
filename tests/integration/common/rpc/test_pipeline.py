"""Each stage refuses with its code and reason, and nothing of a refused call reaches the handler."""

import asyncio
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2  # type: ignore[import-untyped]

from lotse.directory.v1 import offer_pb2, offer_requests_pb2
from services.common.errors import CheckTheName
from services.common.rpc.outgoing import rpc_error
from services.common.rpc.status import DETAILS_KEY, error_of, unpack
from tests.integration.common.rpc.small_directory import CREATE, GET, LIST, SERVICE, Ground, raw_call

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAME = "regions/dresden/offers/erstberatung"
GOOD = offer_requests_pb2.GetOfferRequest(name=NAME).SerializeToString()
CANARY = "canary-9f3b-frau-muster"


def offer(**fields: Any) -> offer_pb2.Offer:
    complete: dict[str, Any] = {"kind": 1, "partner": "regions/dresden/partners/ihk", "scope": 2}
    return offer_pb2.Offer(**(complete | fields))


def create(**fields: Any) -> bytes:
    complete: dict[str, Any] = {"parent": "regions/dresden", "offer": offer()}
    return offer_requests_pb2.CreateOfferRequest(**(complete | fields)).SerializeToString()


async def refused(channel: grpc.aio.Channel, *call: Any) -> tuple[str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(channel, *call)
    error = rpc_error(caught.value)
    return error.code.name, error.reason


async def test_a_good_call_reaches_its_handler_with_all_that_it_may_know(
    ground: Ground, channel: grpc.aio.Channel
) -> None:
    request_id = "0190d3a4-7b6e-7c1d-8e2f-0123456789ab"
    trace = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    await raw_call(
        channel,
        CREATE,
        create(request_id=request_id),
        ground.tokens["editor"],
        5.0,
        trace,
        ("accept-language", "en-GB"),
    )
    await raw_call(channel, CREATE, create(), ground.tokens["editor"])
    first, second = ground.servicer.calls
    assert (first.caller.region, first.caller.role, first.caller.name) == ("dresden", "editor", "console")
    assert (first.method, first.request_id, first.language) == (CREATE, request_id, "en")
    assert first.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert len(first.content_hash) == 32
    assert (second.request_id, second.content_hash, second.language) == ("", b"", "de")
    assert len(second.trace_id) == 32


async def test_the_content_hash_ignores_the_request_id_and_nothing_else(
    ground: Ground, channel: grpc.aio.Channel
) -> None:
    ids = [f"0190d3a4-7b6e-7c1d-8e2f-0123456789a{digit}" for digit in "01"]
    for body in (create(request_id=ids[0]), create(request_id=ids[1]), create(request_id=ids[0], validate_only=True)):
        await raw_call(channel, CREATE, body, ground.tokens["editor"])
    one, same, other = (call.content_hash for call in ground.servicer.calls)
    assert one == same != other


async def test_the_handler_knows_its_time_less_the_way_back(ground: Ground, channel: grpc.aio.Channel) -> None:
    left: list[float] = []

    async def look() -> None:
        left.append(ground.servicer.calls[-1].remaining())

    ground.servicer.step = look
    await raw_call(channel, GET, GOOD, ground.tokens["hotline"], 3.0)
    # gRPC rounds a timeout up by at most a hundredth on its way.
    assert 2.5 < left[0] <= 3.03 - 0.02


AUTHENTICATION = [
    ("no token", (), "TOKEN_MISSING"),
    ("empty", (("authorization", ""),), "TOKEN_INVALID"),
    ("not bearer", (("authorization", "Basic bG90c2U6"),), "TOKEN_INVALID"),
    ("no scheme", (("authorization", "lotse_00_11"),), "TOKEN_INVALID"),
    ("unknown id", (("authorization", "Bearer lotse_0123456789abcdef_" + "0" * 64),), "TOKEN_INVALID"),
    ("garbage", (("authorization", "Bearer ' OR 1=1 --"),), "TOKEN_INVALID"),
    ("too long", (("authorization", "Bearer lotse_" + "a" * 5000),), "TOKEN_INVALID"),
    ("no secret", (("authorization", "Bearer lotse_0123456789abcdef"),), "TOKEN_INVALID"),
    ("binary key only", (("authorization-bin", b"\x00\xff"),), "TOKEN_MISSING"),
]


@pytest.mark.parametrize(
    ("metadata", "reason"), [case[1:] for case in AUTHENTICATION], ids=[case[0] for case in AUTHENTICATION]
)
async def test_a_stranger_is_refused_first_of_all(
    ground: Ground, channel: grpc.aio.Channel, metadata: tuple[tuple[str, Any], ...], reason: str
) -> None:
    # Broken bytes and a missing deadline beside it: a stranger learns of neither.
    for body, timeout in ((GOOD, 5.0), (b"\xff\xff", None)):
        assert await refused(channel, GET, body, None, timeout, *metadata) == ("UNAUTHENTICATED", reason)
    assert not ground.servicer.seen


async def test_a_good_token_sent_twice_is_refused(ground: Ground, channel: grpc.aio.Channel) -> None:
    again = ("authorization", f"Bearer {ground.tokens['editor']}")
    assert await refused(channel, GET, GOOD, ground.tokens["editor"], 5.0, again) == (
        "UNAUTHENTICATED",
        "TOKEN_INVALID",
    )
    assert not ground.servicer.seen


async def test_a_wrong_secret_of_a_known_id_is_refused(ground: Ground, channel: grpc.aio.Channel) -> None:
    token = ground.tokens["editor"]
    turned = token[:-1] + ("0" if token[-1] != "0" else "1")
    assert await refused(channel, GET, GOOD, turned, 5.0) == ("UNAUTHENTICATED", "TOKEN_INVALID")
    other = token.rpartition("_")[0] + "_" + ground.tokens["hotline"].rpartition("_")[2]
    assert await refused(channel, GET, GOOD, other, 5.0) == ("UNAUTHENTICATED", "TOKEN_INVALID")


async def test_a_role_without_the_right_is_refused_before_its_request_is_read(
    ground: Ground, channel: grpc.aio.Channel
) -> None:
    assert await refused(channel, CREATE, b"\xff", ground.tokens["hotline"]) == (
        "PERMISSION_DENIED",
        "ROLE_NOT_ALLOWED",
    )
    assert not ground.servicer.seen


async def test_a_caller_of_another_region_is_refused(ground: Ground, channel: grpc.aio.Channel) -> None:
    assert await refused(channel, GET, GOOD, ground.tokens["foreign"]) == ("PERMISSION_DENIED", "FOREIGN_REGION")
    assert not ground.servicer.seen


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (GET, offer_requests_pb2.GetOfferRequest(name="regions/leipzig/offers/a").SerializeToString()),
        (LIST, offer_requests_pb2.ListOffersRequest(parent="regions/leipzig").SerializeToString()),
        (CREATE, create(parent="regions/leipzig")),
        (
            f"/{SERVICE}/UpdateOffer",
            offer_requests_pb2.UpdateOfferRequest(offer=offer(name="regions/leipzig/offers/a")).SerializeToString(),
        ),
    ],
    ids=["get", "list", "create", "update"],
)
async def test_a_name_of_another_region_is_refused(
    ground: Ground, channel: grpc.aio.Channel, path: str, body: bytes
) -> None:
    assert await refused(channel, path, body, ground.tokens["editor"]) == ("PERMISSION_DENIED", "FOREIGN_REGION")
    assert not ground.servicer.seen


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, ("INVALID_ARGUMENT", "DEADLINE_MISSING")),
        (86_400.0, ("INVALID_ARGUMENT", "DEADLINE_TOO_LONG")),
        (62.0, ("INVALID_ARGUMENT", "DEADLINE_TOO_LONG")),
    ],
)
async def test_a_deadline_must_be_there_and_fair(
    ground: Ground, channel: grpc.aio.Channel, seconds: float | None, expected: tuple[str, str]
) -> None:
    assert await refused(channel, GET, GOOD, ground.tokens["editor"], seconds) == expected
    assert not ground.servicer.seen


async def test_a_minute_is_allowed_and_a_moment_is_not(ground: Ground, channel: grpc.aio.Channel) -> None:
    await raw_call(channel, GET, GOOD, ground.tokens["editor"], 60.0)
    ground.servicer.forget()
    # Below 100 ms the answer may come from the server or, when the box is busy, from the client's own clock.
    code, reason = await refused(channel, GET, GOOD, ground.tokens["editor"], 0.08)
    assert code == "DEADLINE_EXCEEDED"
    assert reason in {"DEADLINE_TOO_SHORT", ""}
    assert not ground.servicer.seen


async def test_all_fields_that_break_a_rule_are_named_at_once_without_their_values(
    ground: Ground, channel: grpc.aio.Channel
) -> None:
    body = create(
        parent=CANARY,
        offer_id=f"-{CANARY}-",
        offer=offer(
            partner=CANARY,
            texts=[{"language_code": CANARY, "title": CANARY * 20}],
            topics=[f"{CANARY}!", "a", "a"],
            kind=99,
        ),
    )
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(channel, CREATE, body, ground.tokens["editor"])
    error = rpc_error(caught.value)
    assert (error.code.name, error.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert {field.path for field in error.fields} == {
        "parent",
        "offer_id",
        "offer.partner",
        "offer.kind",
        "offer.texts[0].language_code",
        "offer.texts[0].title",
        "offer.topics",
        "offer.topics[0]",
    }
    assert all(field.rule for field in error.fields)
    assert CANARY not in repr(caught.value) + repr(error)
    assert not ground.servicer.seen


async def test_ten_thousand_broken_fields_still_give_a_readable_refusal(
    ground: Ground, channel: grpc.aio.Channel
) -> None:
    body = create(offer=offer(topics=[f"Ä{number}" for number in range(10_000)]))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(channel, CREATE, body, ground.tokens["editor"])
    error = rpc_error(caught.value)
    assert (error.code.name, error.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert "not listed" in error.message


async def test_the_language_of_a_refusal_follows_the_caller(ground: Ground, channel: grpc.aio.Channel) -> None:
    for asked, locale in (("", "de"), ("en-GB,en;q=0.9,de;q=0.5", "en"), ("fr,de-AT", "de"), ("\x01;;q=", "de")):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await raw_call(channel, GET, b"", ground.tokens["editor"], 5.0, ("accept-language", asked.strip("\x01")))
        status: Any = error_of(dict(caught.value.trailing_metadata() or ())[DETAILS_KEY])
        localized: Any = unpack(status, error_details_pb2.LocalizedMessage)
        info: Any = unpack(status, error_details_pb2.ErrorInfo)
        assert (localized.locale, info.domain) == (locale, "lotse")
        assert localized.message


async def test_a_foreseen_refusal_of_the_handler_arrives_whole(ground: Ground, channel: grpc.aio.Channel) -> None:
    async def refuse() -> None:
        raise CheckTheName("RESOURCE_NOT_FOUND", "no such offer", metadata={"kind": "offer"})

    ground.servicer.step = refuse
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(channel, GET, GOOD, ground.tokens["editor"])
    error = rpc_error(caught.value)
    assert (error.code.name, error.reason, error.message) == ("NOT_FOUND", "RESOURCE_NOT_FOUND", "no such offer")
    assert error.metadata == {"kind": "offer"}


async def test_nothing_of_an_unforeseen_failure_leaves(ground: Ground, channel: grpc.aio.Channel) -> None:
    async def fail() -> None:
        raise RuntimeError(CANARY) from ValueError(f"postgres://u:{CANARY}@h")

    ground.servicer.step = fail
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await raw_call(channel, GET, GOOD, ground.tokens["editor"])
    error = rpc_error(caught.value)
    assert (error.code.name, error.reason) == ("INTERNAL", "INTERNAL")
    assert len(error.metadata["reference"]) == 12
    everything = repr(caught.value) + repr(caught.value.trailing_metadata()) + repr(error)
    assert CANARY not in everything
    assert "RuntimeError" not in everything


async def test_a_method_that_nobody_wrote_is_unimplemented(ground: Ground, channel: grpc.aio.Channel) -> None:
    body = offer_requests_pb2.DeleteOfferRequest(name=NAME, etag="e").SerializeToString()
    for path, sent in ((f"/{SERVICE}/DeleteOffer", body), (f"/{SERVICE}/NoSuch", b""), ("/no.such.Service/Get", b"")):
        code, _ = await refused(channel, path, sent, ground.tokens["editor"])
        assert code == "UNIMPLEMENTED"


async def test_calls_are_counted_by_method_and_code_and_made_up_names_are_no_labels(
    ground: Ground, channel: grpc.aio.Channel
) -> None:
    def count(method: str, code: str) -> float:
        return ground.registry.get_sample_value("lotse_rpc_calls_total", {"method": method, "code": code}) or 0.0

    before = count(GET, "OK"), count(GET, "UNAUTHENTICATED"), count("unknown", "UNIMPLEMENTED")
    await raw_call(channel, GET, GOOD, ground.tokens["editor"])
    await refused(channel, GET, GOOD, None)
    await refused(channel, f"/{CANARY}/{CANARY}", b"", None)
    assert (count(GET, "OK"), count(GET, "UNAUTHENTICATED"), count("unknown", "UNIMPLEMENTED")) == tuple(
        figure + 1 for figure in before
    )
    methods = {sample.labels.get("method") for family in ground.registry.collect() for sample in family.samples}
    assert not any(CANARY in (method or "") for method in methods)


async def test_a_call_that_its_caller_gives_up_is_cancelled_in_the_handler(
    ground: Ground, channel: grpc.aio.Channel
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    ground.servicer.step = wait
    call = asyncio.create_task(raw_call(channel, GET, GOOD, ground.tokens["editor"]))
    await asyncio.wait_for(begun.wait(), 5)
    call.cancel()
    await asyncio.wait_for(ended.wait(), 5)
    await asyncio.wait([call])
    assert call.cancelled()
