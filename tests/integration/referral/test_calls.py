"""Cases and referrals over gRPC on both engines: refusals by reason, repeats without harm, pages that go on."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from google.protobuf.field_mask_pb2 import FieldMask

from lotse.referral.v1 import case_pb2
from lotse.referral.v1 import referral_pb2 as r
from services.common.db import migrations
from services.referral.app import MIGRATIONS
from tests.integration.referral.people import case, consent, person
from tests.integration.referral.steps import prepared, submitted
from tests.integration.referral.world import DRESDEN, OFFER, Node, World

pytestmark = pytest.mark.asyncio(loop_scope="session")
HERE = "regions/dresden"


@pytest_asyncio.fixture(loop_scope="session")
async def node(tmp_path: Any, database_url: str) -> AsyncIterator[Node]:
    """A region whose hub is away, on each engine."""
    (tmp_path / "world").mkdir()
    world = World(tmp_path / "world")
    world.databases[DRESDEN] = database_url
    async with world.node(DRESDEN, hub=None) as node:
        yield node


async def taken_in(node: Node, **fields: Any) -> case_pb2.Case:
    made: case_pb2.Case = (await node.call("CreateCase", parent=HERE, case=case(**fields))).case
    return made


async def test_the_tables_are_those_of_the_code(database_url: str) -> None:
    await migrations.upgrade(database_url, MIGRATIONS, "referral")
    assert await migrations.differences(database_url, MIGRATIONS, "referral") == ""


async def test_a_case_is_pseudonymous_unless_somebody_is_recorded(node: Node) -> None:
    made = await taken_in(node, named=False)
    assert (made.has_person, made.revision, made.state) == (False, 1, case_pb2.CASE_STATE_OPEN)
    read = (await node.call("GetCase", name=made.name)).case
    assert read.intake_text == made.intake_text
    after = (await node.call("UpdateCase", case=case(name=made.name, etag=made.etag))).case
    assert (after.has_person, after.HasField("person"), after.intake_text) == (True, False, made.intake_text)
    assert (await node.call("GetCase", name=made.name)).case.person == person()
    forgotten = case(named=False, name=made.name, etag=after.etag)
    mask = FieldMask(paths=["person"])
    after = (await node.call("UpdateCase", case=forgotten, update_mask=mask)).case
    assert not after.has_person
    assert not (await node.call("GetCase", name=made.name)).case.HasField("person")


async def test_changes_need_the_version_that_was_read_and_known_fields(node: Node) -> None:
    made = await taken_in(node)
    mask = FieldMask(paths=["intake_text"])
    whole = case(named=False, name=made.name)
    refused = await node.staff.refused("UpdateCase", case=whole, update_mask=mask)
    assert (refused.reason, refused.fields[0].path) == ("INVALID_FIELD", "case.etag")
    whole.etag = "old"
    assert (await node.staff.refused("UpdateCase", case=whole, update_mask=mask)).reason == "ETAG_MISMATCH"
    whole.etag = made.etag
    for path in ("revision", "consent", "nonsense"):
        refused = await node.staff.refused("UpdateCase", case=whole, update_mask=FieldMask(paths=[path]))
        assert (refused.reason, refused.fields[0].path) == ("INVALID_FIELD", "update_mask")
    assert (await node.staff.refused("GetCase", name=f"{HERE}/cases/{uuid4()}")).reason == "RESOURCE_NOT_FOUND"
    foreign = f"regions/leipzig/cases/{uuid4()}"
    assert (await node.staff.refused("GetCase", name=foreign)).reason == "FOREIGN_REGION"


async def test_a_repeat_has_one_effect_and_the_same_answer(node: Node) -> None:
    request_id = str(uuid4())
    first = await node.call("CreateCase", parent=HERE, case=case(), request_id=request_id)
    again = await node.call("CreateCase", parent=HERE, case=case(), request_id=request_id)
    assert again == first
    assert len((await node.call("ListCases", parent=HERE)).cases) == 1
    other = case(intake_text="Ganz etwas anderes")
    refused = await node.staff.refused("CreateCase", parent=HERE, case=other, request_id=request_id)
    assert refused.reason == "REQUEST_ID_REUSED"


async def test_pages_go_on_where_the_last_one_ended(node: Node) -> None:
    names = [(await taken_in(node)).name for _ in range(5)]
    listed: list[str] = []
    token = ""
    while len(listed) < 5:
        page = await node.call("ListCases", parent=HERE, page_size=2, page_token=token)
        listed += [found.name for found in page.cases]
        token = page.next_page_token
    assert listed == names[::-1]
    assert not token
    assert (await node.staff.refused("ListCases", parent=HERE, page_token="x")).reason == "PAGE_TOKEN_INVALID"


async def test_consent_is_needed_as_soon_as_somebody_is_recorded(node: Node) -> None:
    made = await taken_in(node)
    referral = (await node.call("CreateReferral", parent=HERE, case=made.name, offer=OFFER)).referral
    submit = {"name": referral.name, "expected_version": 1}
    assert (await node.staff.refused("SubmitReferral", **submit)).reason == "CONSENT_MISSING"
    phone = case_pb2.CONSENT_CHANNEL_PHONE
    assert (await node.staff.refused("RevokeConsent", name=made.name, channel=phone)).reason == "CONSENT_MISSING"
    granted = (await node.call("GrantConsent", name=made.name, consent=consent())).case
    assert granted.consent.HasField("grant_time")
    await node.call("RevokeConsent", name=made.name, channel=phone)
    assert (await node.seen(referral)).state == r.REFERRAL_STATE_WITHDRAWN
    again = (await node.call("CreateReferral", parent=HERE, case=made.name, offer=OFFER)).referral
    refused = await node.staff.refused("SubmitReferral", name=again.name, expected_version=1)
    assert refused.reason == "CONSENT_MISSING"


async def test_one_referral_to_an_offer_is_open_at_a_time(node: Node) -> None:
    referral = await prepared(node)
    again = {"parent": HERE, "case": referral.case, "offer": OFFER}
    refused = await node.staff.refused("CreateReferral", **again)
    assert (refused.reason, refused.metadata["referral"]) == ("REFERRAL_OPEN", referral.name)
    await node.step("WithdrawReferral", referral, reason="mistake")
    await node.call("CreateReferral", **again)


@pytest.mark.parametrize("offer", ["regions/dresden/offers/x", "regions/atlantis/offers/x"])
async def test_a_target_must_be_another_region_that_takes_part(node: Node, offer: str) -> None:
    made = await taken_in(node, named=False)
    refused = await node.staff.refused("CreateReferral", parent=HERE, case=made.name, offer=offer)
    assert refused.reason == "TARGET_NOT_POSSIBLE"


async def test_steps_need_the_version_that_was_read_and_the_right_side(node: Node) -> None:
    referral = await submitted(node)
    old = await node.staff.refused("SubmitReferral", name=referral.name, expected_version=1)
    assert (old.reason, old.metadata) == ("VERSION_CONFLICT", {"state": "submitted", "version": "2"})
    for method in ("SubmitReferral", "StartReview", "AcceptReferral", "StartService", "CloseReferral"):
        refused = await node.staff.refused(method, name=referral.name, expected_version=2)
        assert (method, refused.reason) == (method, "STATE_NOT_ALLOWED")
    declined = {"reason": r.DECLINE_REASON_NO_CAPACITY}
    assert (
        await node.staff.refused("DeclineReferral", name=referral.name, expected_version=2, **declined)
    ).reason == "STATE_NOT_ALLOWED"


async def test_lists_are_narrowed_by_side_state_and_case(node: Node) -> None:
    first, second = await submitted(node), await prepared(node)

    async def listed(**fields: Any) -> list[str]:
        return [found.name for found in (await node.call("ListReferrals", parent=HERE, **fields)).referrals]

    assert await listed() == [second.name, first.name]
    assert await listed(side=r.SIDE_TARGET) == []
    assert await listed(side=r.SIDE_SOURCE, states=[r.REFERRAL_STATE_DRAFT]) == [second.name]
    assert await listed(case=first.case) == [first.name]


async def test_without_a_search_nothing_can_be_recommended(node: Node) -> None:
    made = await taken_in(node)
    assert (await node.staff.refused("RecommendTargets", name=made.name)).reason == "SEARCH_ENGINE_UNAVAILABLE"
