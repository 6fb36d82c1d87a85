"""Our client sets deadlines, passes time and trace on, repeats what may be repeated, and reads refusals."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from lotse.directory.v1 import directory_service_pb2_grpc, offer_pb2, offer_requests_pb2
from services.common.errors import ComeBackLater, MendTheState, invalid
from services.common.rpc.client import Patience, RpcError, connect
from services.common.rpc.outgoing import seconds_for, with_request_id
from services.common.settings import StartupError
from tests.integration.common.rpc.small_directory import Ground, eventually, small_directory

pytestmark = pytest.mark.asyncio(loop_scope="session")

REQUEST = offer_requests_pb2.GetOfferRequest(name="regions/dresden/offers/erstberatung")
OFFER = offer_pb2.Offer(kind=1, partner="regions/dresden/partners/ihk", scope=2)  # type: ignore[arg-type]


@pytest_asyncio.fixture(loop_scope="session")
async def stub(ground: Ground) -> AsyncIterator[Any]:
    async with connect(ground.target, ground.tokens["editor"]) as channel:
        yield directory_service_pb2_grpc.DirectoryServiceStub(channel)


async def test_each_kind_of_call_gets_its_deadline_and_a_given_one_wins(ground: Ground, stub: Any) -> None:
    left: list[float] = []

    async def look() -> None:
        left.append(ground.servicer.calls[-1].remaining())

    ground.servicer.step = look
    await stub.GetOffer(REQUEST)
    await stub.CreateOffer(offer_requests_pb2.CreateOfferRequest(parent="regions/dresden", offer=OFFER))
    await stub.GetOffer(REQUEST, timeout=30)
    assert [round(seconds + 0.4) for seconds in left] == [2, 5, 30]


@pytest.mark.parametrize(
    ("method", "seconds"),
    [
        (b"/a.B/GetOffer", 2),
        ("/a.B/ListOffers", 2),
        (b"/a.B/SearchOffers", 3),
        (b"/a.B/SuggestConcepts", 3),
        (b"/a.B/EndOffer", 5),
    ],
)
async def test_deadlines_go_by_the_name_of_the_method(method: Any, seconds: float) -> None:
    assert seconds_for(method) == seconds


async def test_a_call_inside_a_call_gets_no_more_time_than_is_left_and_the_same_trace(
    ground: Ground, stub: Any
) -> None:
    left: list[float] = []

    async def call_on() -> None:
        left.append(ground.servicer.calls[-1].remaining())
        if len(left) == 1:
            await stub.GetOffer(REQUEST, timeout=20)

    ground.servicer.step = call_on
    await stub.GetOffer(REQUEST, timeout=1.0)
    outer, inner = left
    # gRPC rounds a timeout up by at most a hundredth on its way.
    assert inner < outer * 1.02 < 1.05
    assert ground.servicer.calls[0].trace_id == ground.servicer.calls[1].trace_id


async def test_a_call_inside_a_call_without_time_is_not_made(ground: Ground, stub: Any) -> None:
    caught: list[RpcError] = []

    async def call_too_late() -> None:
        if len(ground.servicer.calls) == 1:
            await eventually(lambda: ground.servicer.calls[0].remaining() < 0.09)
            try:
                await stub.GetOffer(REQUEST)
            except RpcError as error:
                caught.append(error)

    ground.servicer.step = call_too_late
    await stub.GetOffer(REQUEST, timeout=0.5)
    assert [(error.code.name, error.reason) for error in caught] == [("DEADLINE_EXCEEDED", "DEADLINE_TOO_SHORT")]
    assert len(ground.servicer.seen) == 1


async def test_unavailable_is_tried_again_until_it_works_with_one_request_id(ground: Ground, stub: Any) -> None:
    async def fail_twice() -> None:
        if len(ground.servicer.seen) < 3:
            raise ComeBackLater("DATABASE_UNAVAILABLE", "the database does not answer")

    ground.servicer.step = fail_twice
    request = offer_requests_pb2.CreateOfferRequest(parent="regions/dresden", offer=OFFER)
    await stub.CreateOffer(request, timeout=10)
    ids = {call.request_id for call in ground.servicer.calls}
    assert len(ground.servicer.seen) == 3
    assert len(ids) == 1
    assert len(ids.pop()) == 36
    assert request.request_id == ""


async def test_unavailable_for_good_is_told_after_four_tries(ground: Ground, stub: Any) -> None:
    async def fail() -> None:
        raise ComeBackLater("DATABASE_UNAVAILABLE", "the database does not answer")

    ground.servicer.step = fail
    with pytest.raises(RpcError) as caught:
        await stub.GetOffer(REQUEST, timeout=20)
    assert (caught.value.code.name, caught.value.reason) == ("UNAVAILABLE", "DATABASE_UNAVAILABLE")
    assert len(ground.servicer.seen) == 4


async def test_other_refusals_are_not_tried_again_and_are_read_whole(ground: Ground, stub: Any) -> None:
    async def refuse() -> None:
        raise MendTheState("RESOURCE_IN_USE", "others point to it", invalid(("name", "is used")).fields, {"count": "2"})

    ground.servicer.step = refuse
    with pytest.raises(RpcError) as caught:
        await stub.GetOffer(REQUEST)
    error = caught.value
    assert (error.code.name, error.reason, error.message) == (
        "FAILED_PRECONDITION",
        "RESOURCE_IN_USE",
        "others point to it",
    )
    assert [(field.path, field.rule) for field in error.fields] == [("name", "is used")]
    assert (error.metadata, error.retry_seconds) == ({"count": "2"}, None)
    assert error.localized.startswith("Andere Einträge")
    assert len(ground.servicer.seen) == 1


async def test_a_deadline_that_passes_is_an_rpc_error_without_reason(ground: Ground, stub: Any) -> None:
    async def sleep() -> None:
        await asyncio.Event().wait()

    ground.servicer.step = sleep
    with pytest.raises(RpcError) as caught:
        await stub.GetOffer(REQUEST, timeout=0.3)
    assert (caught.value.code.name, caught.value.reason) == ("DEADLINE_EXCEEDED", "")


async def test_without_a_token_and_without_a_server_the_error_says_so(ground: Ground, tmp_path: Path) -> None:
    async with connect(ground.target) as channel:
        with pytest.raises(RpcError) as caught:
            await directory_service_pb2_grpc.DirectoryServiceStub(channel).GetOffer(REQUEST)
        assert caught.value.reason == "TOKEN_MISSING"
    async with small_directory(tmp_path) as gone:
        target, token = gone.target, gone.tokens["editor"]
    async with connect(target, token) as channel:
        with pytest.raises(RpcError) as caught:
            await directory_service_pb2_grpc.DirectoryServiceStub(channel).GetOffer(REQUEST, timeout=3)
        assert (caught.value.code.name, caught.value.reason) == ("UNAVAILABLE", "")


async def test_a_token_never_travels_in_the_clear_beyond_this_machine() -> None:
    with pytest.raises(StartupError, match="without TLS"):
        async with connect("192.0.2.1:443", "lotse_a_b"):
            pass


async def test_a_request_id_is_kept_when_there_is_one_and_none_is_invented_where_there_is_no_field() -> None:
    own = offer_requests_pb2.CreateOfferRequest(request_id="mine")
    assert with_request_id(own) is own
    assert with_request_id(REQUEST) is REQUEST


@pytest_asyncio.fixture(loop_scope="session")
async def patient(ground: Ground) -> AsyncIterator[Any]:
    patience = Patience(seconds=0.5, tries=3)
    async with connect(ground.target, ground.tokens["editor"], patience=patience) as channel:
        yield directory_service_pb2_grpc.DirectoryServiceStub(channel)


async def test_a_patient_caller_tries_a_write_that_ran_out_of_time_again_with_one_request_id(
    ground: Ground, patient: Any
) -> None:
    async def hang_twice() -> None:
        if len(ground.servicer.seen) < 3:
            await asyncio.Event().wait()

    ground.servicer.step = hang_twice
    await patient.CreateOffer(offer_requests_pb2.CreateOfferRequest(parent="regions/dresden", offer=OFFER))
    assert len(ground.servicer.seen) == 3
    assert len({call.request_id for call in ground.servicer.calls}) == 1


async def test_patience_ends_and_is_not_for_refusals(ground: Ground, patient: Any) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    async def refuse() -> None:
        raise MendTheState("RESOURCE_IN_USE", "others point to it")

    for step, code, calls in ((hang, "DEADLINE_EXCEEDED", 3), (refuse, "FAILED_PRECONDITION", 1)):
        ground.servicer.forget()
        ground.servicer.step = step
        with pytest.raises(RpcError) as caught:
            await patient.GetOffer(REQUEST)
        assert (caught.value.code.name, len(ground.servicer.seen)) == (code, calls)
