"""Two writers, repeated requests and dry runs: nothing is lost, nothing happens twice."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from lotse.directory.v1 import offer_pb2
from services.common.rpc.client import RpcError
from services.directory.app import RunningDirectory
from tests.integration.directory.client import Client, sent
from tests.integration.directory.records import PARENT, name, offer, partner

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_of_two_writers_with_the_same_etag_one_reads_again(editor: Client) -> None:
    await editor.make_partner()
    read = await editor.make_offer()

    async def write(topic: str) -> str:
        change = offer_pb2.Offer()
        change.CopyFrom(read)
        change.topics[:] = [topic]
        try:
            await editor.call("UpdateOffer", offer=change)
        except RpcError as error:
            return error.reason
        return "OK"

    outcomes = await asyncio.gather(*(write(f"topic-{number}") for number in range(6)))
    assert sorted(outcomes) == ["ETAG_MISMATCH"] * 5 + ["OK"]
    after = (await editor.call("GetOffer", name=read.name)).offer
    assert list(after.topics) == [f"topic-{outcomes.index('OK')}"]
    assert after.revision == 2


async def test_a_repeated_request_gets_the_first_answer_and_changes_nothing(
    directory: RunningDirectory, editor: Client
) -> None:
    request_id = str(uuid4())
    request = {"parent": PARENT, "partner_id": "zentrum", "partner": partner(), "request_id": request_id}
    first = await editor.call("CreatePartner", **request)
    changed = first.partner
    changed.display_name = "Neuer Name"
    await editor.call("UpdatePartner", partner=changed)
    again = await editor.call("CreatePartner", **request)
    assert again.partner.revision == 1
    assert again.partner.display_name == "Welcome Center Dresden"
    assert len(await sent(directory.database, "partner")) == 2
    other = await editor.refused("CreatePartner", **{**request, "partner": partner(display_name="Anderes")})
    assert (other.code, other.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")


async def test_the_same_request_at_the_same_time_has_one_effect(directory: RunningDirectory, editor: Client) -> None:
    await editor.make_partner()
    public = await editor.publish(await editor.make_offer())
    request_id = str(uuid4())
    calls = [editor.call("PauseOffer", name=public.name, etag=public.etag, request_id=request_id) for _ in range(8)]
    answers = await asyncio.gather(*calls)
    assert {answer.offer.revision for answer in answers} == {3}
    assert [row.revision for row in await sent(directory.database, "offer")] == [1, 2]


async def test_two_callers_may_use_the_same_request_id(
    editor: Client, client_of: Callable[..., Awaitable[Client]]
) -> None:
    request_id = str(uuid4())
    colleague = await client_of(name="colleague")
    await editor.call("CreatePartner", parent=PARENT, partner_id="a", partner=partner(), request_id=request_id)
    made = await colleague.call(
        "CreatePartner", parent=PARENT, partner_id="b", partner=partner(), request_id=request_id
    )
    assert made.partner.name == name("partners", "b")


async def test_a_dry_run_answers_as_if_done_and_changes_nothing(directory: RunningDirectory, editor: Client) -> None:
    await editor.make_partner()
    request_id = str(uuid4())
    dry = await editor.call(
        "CreateOffer", parent=PARENT, offer_id="a", offer=offer(), validate_only=True, request_id=request_id
    )
    assert (dry.offer.name, dry.offer.revision) == (name("offers", "a"), 1)
    assert (await editor.refused("GetOffer", name=name("offers", "a"))).reason == "RESOURCE_NOT_FOUND"
    made = await editor.call("CreateOffer", parent=PARENT, offer_id="a", offer=offer(), request_id=request_id)
    before = await sent(directory.database)
    record = made.offer
    for method in ("PublishOffer", "DeleteOffer"):
        await editor.call(method, name=record.name, etag=record.etag, validate_only=True)
    wrong = await editor.refused("PauseOffer", name=record.name, etag=record.etag, validate_only=True)
    assert wrong.reason == "STATE_NOT_ALLOWED"
    assert wrong.metadata["state"] == "DRAFT"
    assert (await editor.call("GetOffer", name=record.name)).offer == record
    assert await sent(directory.database) == before


async def test_a_caller_who_gives_up_leaves_all_or_nothing(directory: RunningDirectory, editor: Client) -> None:
    await editor.make_partner()

    async def give_up(number: int) -> None:
        call = asyncio.ensure_future(editor.make_offer(f"offer-{number}"))
        await asyncio.sleep(0.001 * number)
        call.cancel()
        await asyncio.wait([call])

    await asyncio.gather(*(give_up(number) for number in range(12)))
    listed = (await editor.call("ListOffers", parent=PARENT)).offers
    for made in listed:
        revisions = (await editor.call("ListOfferRevisions", parent=made.name)).revisions
        assert [change.action for change in revisions] == ["create"]
    await editor.make_offer("afterwards")
