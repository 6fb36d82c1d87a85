"""A referral goes its whole way between two regions over a real hub, and both sides can prove every step."""

import pytest

from lotse.referral.v1 import referral_pb2 as r
from services.common.rpc.callers import Role
from tests.integration.referral.people import CANARIES, case
from tests.integration.referral.steps import both_prove, prepared, submitted, taken_to
from tests.integration.referral.world import DRESDEN, LEIPZIG, OFFER, World, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_referral_goes_its_whole_way(world: World) -> None:
    async with world.node(DRESDEN) as dresden, world.node(LEIPZIG) as leipzig:
        referral = await prepared(dresden)
        assert referral.state == r.REFERRAL_STATE_DRAFT
        await dresden.step("SubmitReferral", referral)
        there = await leipzig.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        assert there.preview.person_follows
        assert there.preview.topics == ["recognition"]
        assert not there.person.name
        await dresden.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        await leipzig.step("StartReview", referral)
        await leipzig.step("AcceptReferral", referral)
        here = await dresden.until_state(referral, r.REFERRAL_STATE_ACCEPTED)
        assert here.handoff_confirmed
        assert here.person_released

        async def arrived() -> bool:
            return bool((await leipzig.seen(referral)).person.name)

        await until(arrived)
        assert CANARIES[0] in (await leipzig.seen(referral)).person.name
        await leipzig.step("StartService", referral)
        await leipzig.step("CompleteReferral", referral, outcome_code=r.OUTCOME_CODE_SOLVED)
        here = await dresden.until_state(referral, r.REFERRAL_STATE_COMPLETED)
        assert here.outcome_code == r.OUTCOME_CODE_SOLVED
        await dresden.step("CloseReferral", referral)
        await dresden.until_state(referral, r.REFERRAL_STATE_CLOSED)
        await leipzig.until_state(referral, r.REFERRAL_STATE_CLOSED)
        await both_prove(referral, dresden, leipzig)
        timeline = (await dresden.call("GetReferral", name=referral.name)).timeline
        assert [step.entry.author_region for step in timeline] == ["dresden"] * 2 + ["leipzig"] * 6
        assert all(step.receipted for step in timeline)


async def test_a_declined_referral_comes_back_with_its_reason(world: World) -> None:
    async with world.node(DRESDEN) as dresden, world.node(LEIPZIG) as leipzig:
        referral = await submitted(dresden)
        await taken_to(leipzig, referral, r.REFERRAL_STATE_DELIVERED)
        reason = r.DECLINE_REASON_PREREQUISITE_MISSING
        refusal = await leipzig.staff.refused(
            "DeclineReferral", name=leipzig.name(referral), expected_version=3, reason=reason
        )
        assert (refusal.reason, [field.path for field in refusal.fields]) == ("INVALID_FIELD", ["text"])
        await leipzig.step("DeclineReferral", referral, reason=reason, text="Erst der Antrag bei der Kammer")
        here = await dresden.until_state(referral, r.REFERRAL_STATE_DECLINED)
        assert (here.decline_reason, here.decline_text) == (reason, "Erst der Antrag bei der Kammer")
        assert not here.person_released
        await dresden.step("CloseReferral", referral)
        await leipzig.until_state(referral, r.REFERRAL_STATE_CLOSED)
        await both_prove(referral, dresden, leipzig)


async def test_a_pseudonymous_case_needs_no_consent_and_sends_no_person(world: World) -> None:
    async with world.node(DRESDEN) as dresden, world.node(LEIPZIG) as leipzig:
        referral = await submitted(dresden, named=False)
        there = await leipzig.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        assert not there.preview.person_follows
        await leipzig.step("AcceptReferral", referral)
        here = await dresden.until_state(referral, r.REFERRAL_STATE_ACCEPTED)
        assert here.handoff_confirmed
        assert not here.person_released
        await both_prove(referral, dresden, leipzig)


async def test_the_hotline_may_begin_a_referral_and_no_more(world: World) -> None:
    async with world.node(DRESDEN) as dresden, world.node(LEIPZIG) as leipzig:
        hotline = dresden.clients[Role.HOTLINE]
        made = (await hotline.call("CreateCase", parent="regions/dresden", case=case(named=False))).case
        asked = {"parent": "regions/dresden", "case": made.name, "offer": OFFER}
        referral = (await hotline.call("CreateReferral", **asked)).referral
        await hotline.call("SubmitReferral", name=referral.name, expected_version=1)
        await leipzig.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        refused = await hotline.refused("WithdrawReferral", name=referral.name, expected_version=2, reason="mistake")
        assert refused.reason == "ROLE_NOT_ALLOWED"
        timeline = (await leipzig.call("GetReferral", name=leipzig.name(referral))).timeline
        assert [step.entry.author_role for step in timeline] == ["hotline", "hotline", "system"]
