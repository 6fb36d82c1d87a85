"""A source takes a referral back at any time; of a decision and a withdrawal at once one wins, the other is told."""

import pytest

from lotse.referral.v1 import case_pb2
from lotse.referral.v1 import referral_pb2 as r
from services.common.messaging.connection import NatsConnection
from services.common.messaging.streams import newest_message
from tests.integration.referral.steps import (
    both_prove,
    holds_a_person,
    keys_of,
    person_arrived,
    prepared,
    submitted,
    taken_to,
)
from tests.integration.referral.world import DRESDEN, LEIPZIG, Node, World, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

BEFORE_THE_END = [
    r.REFERRAL_STATE_DELIVERED,
    r.REFERRAL_STATE_IN_REVIEW,
    r.REFERRAL_STATE_ACCEPTED,
    r.REFERRAL_STATE_IN_SERVICE,
]


async def no_person_at(node: Node) -> None:
    async def gone() -> bool:
        return not await holds_a_person(node) and await keys_of(node) == 0

    await until(gone)


@pytest.mark.parametrize("state", BEFORE_THE_END, ids=r.ReferralState.Name)
async def test_it_is_taken_back_from_each_open_state(world: World, state: r.ReferralState.ValueType) -> None:
    async with world.node(DRESDEN) as dresden, world.node(LEIPZIG) as leipzig:
        referral = await submitted(dresden)
        await taken_to(leipzig, referral, state)
        await dresden.until_state(referral, state)
        if state >= r.REFERRAL_STATE_ACCEPTED:
            await person_arrived(leipzig, referral)
        asked = await dresden.step("WithdrawReferral", referral, reason="solved-otherwise")
        assert asked.state == state  # a wish, until the target has written it
        await leipzig.until_state(referral, r.REFERRAL_STATE_WITHDRAWN)
        here = await dresden.until_state(referral, r.REFERRAL_STATE_WITHDRAWN)
        assert not here.conflict
        await no_person_at(leipzig)
        await both_prove(referral, dresden, leipzig)
        await dresden.step("CloseReferral", referral)
        await dresden.until_state(referral, r.REFERRAL_STATE_CLOSED)


async def test_a_draft_is_taken_back_without_anybody_hearing_of_it(world: World) -> None:
    async with world.node(DRESDEN) as dresden:
        referral = await prepared(dresden)
        assert (await dresden.step("WithdrawReferral", referral, reason="mistake")).state == r.REFERRAL_STATE_WITHDRAWN
        assert (await dresden.step("CloseReferral", referral)).state == r.REFERRAL_STATE_CLOSED


async def test_before_delivery_it_is_taken_back_at_once_and_the_target_writes_it_later(world: World) -> None:
    async with world.node(DRESDEN) as dresden:
        referral = await submitted(dresden)
        asked = await dresden.step("WithdrawReferral", referral, reason="mistake")
        assert (asked.state, asked.version) == (r.REFERRAL_STATE_WITHDRAWN, 3)
        proof = await dresden.call("ProvePath", name=referral.name)
        assert (proof.proven, proof.version, len(proof.log)) == (False, 2, 2)
        async with world.node(LEIPZIG) as leipzig:
            there = await leipzig.until_state(referral, r.REFERRAL_STATE_WITHDRAWN)
            assert there.version == 4

            async def mirrored() -> bool:
                known = await dresden.seen(referral)
                return (known.state, known.version) == (r.REFERRAL_STATE_WITHDRAWN, 4)

            await until(mirrored)
            await both_prove(referral, dresden, leipzig)


async def test_accept_and_withdraw_at_once_give_one_winner_and_one_conflict(world: World) -> None:
    async with world.node(LEIPZIG) as leipzig:
        async with world.node(DRESDEN) as dresden:
            referral = await submitted(dresden)
            await dresden.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        await leipzig.step("AcceptReferral", referral)
        async with world.node(DRESDEN, hub=None) as dresden:
            assert (await dresden.seen(referral)).state == r.REFERRAL_STATE_DELIVERED
            await dresden.step("WithdrawReferral", referral, reason="other")
        async with world.node(DRESDEN) as dresden:

            async def told() -> bool:
                return bool((await dresden.seen(referral)).conflict)

            await until(told)
            here = await dresden.seen(referral)
            assert (here.state, here.conflict) == (r.REFERRAL_STATE_ACCEPTED, "withdraw")
            assert not here.person_released  # whoever wanted it back sends nobody's data
            await both_prove(referral, dresden, leipzig)
            await dresden.step("WithdrawReferral", referral, reason="other")
            here = await dresden.until_state(referral, r.REFERRAL_STATE_WITHDRAWN)
            assert not here.conflict
            await both_prove(referral, dresden, leipzig)


async def test_a_target_that_was_slower_is_refused_its_decision(world: World) -> None:
    async with world.node(DRESDEN) as dresden, world.node(LEIPZIG) as leipzig:
        referral = await submitted(dresden)
        there = await leipzig.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        await dresden.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        await dresden.step("WithdrawReferral", referral, reason="other")
        await leipzig.until_state(referral, r.REFERRAL_STATE_WITHDRAWN)
        refusal = await leipzig.staff.refused("AcceptReferral", name=there.name, expected_version=there.version)
        assert refusal.reason == "VERSION_CONFLICT"
        assert refusal.metadata == {"state": "withdrawn", "version": "4"}


async def test_revoked_consent_takes_the_data_back_even_when_the_work_is_done(world: World) -> None:
    async with world.node(DRESDEN) as dresden, world.node(LEIPZIG) as leipzig:
        referral = await submitted(dresden)
        await taken_to(leipzig, referral, r.REFERRAL_STATE_ACCEPTED)
        await person_arrived(leipzig, referral)
        await leipzig.step("CompleteReferral", referral, outcome_code=r.OUTCOME_CODE_SOLVED)
        await dresden.until_state(referral, r.REFERRAL_STATE_COMPLETED)
        answer = await dresden.call("RevokeConsent", name=referral.case, channel=case_pb2.CONSENT_CHANNEL_PHONE)
        assert not answer.withdrawn_referrals
        assert answer.case.consent.HasField("revoke_time")
        await no_person_at(leipzig)
        here = await dresden.seen(referral)
        assert (here.state, here.conflict) == (r.REFERRAL_STATE_COMPLETED, "")
        assert not (await leipzig.seen(referral)).preview.topics


async def test_revoked_consent_withdraws_what_is_open_and_releases_nothing(world: World) -> None:
    async with world.node(LEIPZIG) as leipzig:
        async with world.node(DRESDEN) as dresden:
            referral = await submitted(dresden)
            await leipzig.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        await leipzig.step("AcceptReferral", referral)
        async with world.node(DRESDEN, hub=None) as dresden:
            answer = await dresden.call("RevokeConsent", name=referral.case, channel=case_pb2.CONSENT_CHANNEL_PHONE)
            assert list(answer.withdrawn_referrals) == [referral.name]
        async with world.node(DRESDEN) as dresden:

            async def told() -> bool:
                return bool((await dresden.seen(referral)).conflict)

            await until(told)
            assert not (await dresden.seen(referral)).person_released
            assert not await holds_a_person(leipzig)
            await dresden.step("WithdrawReferral", referral, reason="consent-revoked")
            await leipzig.until_state(referral, r.REFERRAL_STATE_WITHDRAWN)
            await both_prove(referral, dresden, leipzig)


async def test_a_release_that_waits_at_the_hub_is_emptied_by_a_withdrawal(world: World) -> None:
    async with world.node(DRESDEN) as dresden:
        async with world.node(LEIPZIG) as leipzig:
            referral = await submitted(dresden)
            await leipzig.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        async with world.node(LEIPZIG, hub=None) as leipzig:
            await leipzig.step("AcceptReferral", referral)
        # The target is on only as long as its acceptance needs to leave; the release then waits at the hub.
        async with world.node(LEIPZIG, hub_durable="nobody"):
            await dresden.until_state(referral, r.REFERRAL_STATE_ACCEPTED)
        subject = f"fed.to.leipzig.dresden.ref.{referral.name.rpartition('/')[2]}.0"
        async with world.admin() as admin:
            assert await waiting_bytes(admin, subject) > 1_000
            await dresden.call("RevokeConsent", name=referral.case, channel=case_pb2.CONSENT_CHANNEL_PHONE)

            async def emptied() -> bool:
                return await waiting_bytes(admin, subject) < 500

            await until(emptied)
        async with world.node(LEIPZIG) as leipzig:
            await dresden.until_state(referral, r.REFERRAL_STATE_WITHDRAWN)
            assert not await holds_a_person(leipzig)
            await both_prove(referral, dresden, leipzig)


async def waiting_bytes(admin: NatsConnection, subject: str) -> int:
    """Give the size of the newest message on a subject; 0 when there is none."""
    message = await newest_message(admin, "MAIL", subject)
    return len(message.data) if message else 0
