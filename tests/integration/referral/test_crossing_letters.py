"""Letters that cross each other on their way mean what their writers meant: found by a storm, shown here one by one."""

from datetime import timedelta
from typing import Any

import pytest

from lotse.referral.v1 import case_pb2
from lotse.referral.v1 import referral_pb2 as r
from lotse.referral.v1.referral_events_pb2 import ReferralChanged
from services.common.db import outbox
from services.common.messaging.streams import newest_message
from tests.integration.referral.clocks import MovableClock
from tests.integration.referral.steps import (
    both_prove,
    holds_a_person,
    keys_of,
    nothing_waits,
    person_arrived,
    submitted,
    taken_to,
)
from tests.integration.referral.world import DRESDEN, LEIPZIG, Node, World, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOT_SOON = 3_600.0
"""Seconds until a letter is sent again: only when a test moves the clock."""


async def told(node: Node, referral: Any) -> list[tuple[int, bool]]:
    """Give what the node's other services are told of a referral, oldest first: state, and whether it is a refusal."""
    async with node.service.database.reading() as session:
        rows = await outbox.oldest(session, "local")
    changes = [ReferralChanged.FromString(row.record.body) for row in rows]
    return [(change.state, change.conflict) for change in changes if change.name == node.name(referral)]


async def all_sent(node: Node) -> None:
    async def sent() -> bool:
        return await nothing_waits(node)

    await until(sent)


async def helped(dresden: Node, leipzig: Node) -> Any:
    """Take a referral to its good end, seen by both sides."""
    referral = await submitted(dresden)
    await taken_to(leipzig, referral, r.REFERRAL_STATE_ACCEPTED)
    await person_arrived(leipzig, referral)
    await leipzig.step("CompleteReferral", referral, outcome_code=r.OUTCOME_CODE_SOLVED)
    await dresden.until_state(referral, r.REFERRAL_STATE_COMPLETED)
    return referral


async def test_asking_for_the_data_alone_does_not_look_like_a_refused_closing(pair: World) -> None:
    async with pair.node(DRESDEN) as dresden:
        async with pair.node(LEIPZIG) as leipzig:
            referral = await helped(dresden, leipzig)
        # The target is away: its answer to the first letter will find the second one's wish under way.
        await dresden.call("RevokeConsent", name=referral.case, channel=case_pb2.CONSENT_CHANNEL_PHONE)
        await dresden.step("CloseReferral", referral)
        async with pair.node(LEIPZIG) as leipzig:
            await leipzig.until_state(referral, r.REFERRAL_STATE_CLOSED)
            here = await dresden.until_state(referral, r.REFERRAL_STATE_CLOSED)
            assert here.conflict == ""
            assert not any(refused for _, refused in await told(dresden, referral))
            assert not await holds_a_person(leipzig)
            assert await keys_of(leipzig) == 0
            await both_prove(referral, dresden, leipzig)


async def test_asking_for_the_data_alone_refuses_nobody_anything(pair: World) -> None:
    async with pair.node(DRESDEN) as dresden, pair.node(LEIPZIG) as leipzig:
        referral = await helped(dresden, leipzig)
        await dresden.call("RevokeConsent", name=referral.case, channel=case_pb2.CONSENT_CHANNEL_PHONE)

        async def gone() -> bool:
            return not await holds_a_person(leipzig)

        await until(gone)
        await all_sent(leipzig)  # its refusal, which a withdrawal of something that has ended always gets
        await dresden.step("CloseReferral", referral)
        here = await dresden.until_state(referral, r.REFERRAL_STATE_CLOSED)
        assert here.conflict == ""
        assert not any(refused for _, refused in await told(dresden, referral))


async def test_a_withdrawal_that_came_too_late_is_still_told_as_refused(pair: World) -> None:
    async with pair.node(DRESDEN) as dresden:
        async with pair.node(LEIPZIG) as leipzig:
            referral = await submitted(dresden)
            await dresden.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        async with pair.node(LEIPZIG, hub=None) as leipzig:
            await leipzig.step("DeclineReferral", referral, reason=r.DECLINE_REASON_NO_CAPACITY)
        await dresden.step("WithdrawReferral", referral, reason="other")
        async with pair.node(LEIPZIG):

            async def refused() -> bool:
                return (r.REFERRAL_STATE_DECLINED, True) in await told(dresden, referral)

            await until(refused)
            assert (await dresden.seen(referral)).conflict == "withdraw"


async def test_a_release_that_the_closing_has_overtaken_still_arrives(pair: World) -> None:
    clock = MovableClock()
    async with pair.node(DRESDEN, resend_seconds=NOT_SOON) as dresden:
        async with pair.node(LEIPZIG) as leipzig:
            referral = await submitted(dresden)
            await leipzig.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        async with pair.node(LEIPZIG, hub=None) as leipzig:
            await leipzig.step("AcceptReferral", referral)
            await leipzig.step("CompleteReferral", referral, outcome_code=r.OUTCOME_CODE_SOLVED)
        async with pair.node(LEIPZIG, hub_durable="nobody"):  # writes, but reads nothing
            await dresden.until_state(referral, r.REFERRAL_STATE_COMPLETED)
        await all_sent(dresden)
        assert (await dresden.seen(referral)).person_released
        await _lose_release(pair, referral)
        await dresden.step("CloseReferral", referral)
        async with pair.node(LEIPZIG) as leipzig:
            await leipzig.until_state(referral, r.REFERRAL_STATE_CLOSED)
            await dresden.until_state(referral, r.REFERRAL_STATE_CLOSED)
            assert not await holds_a_person(leipzig)
    clock.ahead = timedelta(seconds=2 * NOT_SOON)
    async with pair.node(DRESDEN, clock) as dresden, pair.node(LEIPZIG) as leipzig:
        await person_arrived(leipzig, referral)
        there = await leipzig.seen(referral)
        assert (there.state, there.person_released) == (r.REFERRAL_STATE_CLOSED, True)
        await both_prove(referral, dresden, leipzig)


async def test_a_release_that_a_withdrawal_and_its_closing_have_overtaken_is_not_kept(pair: World) -> None:
    async with pair.node(DRESDEN, resend_seconds=NOT_SOON) as dresden:
        async with pair.node(LEIPZIG) as leipzig:
            referral = await submitted(dresden)
            await leipzig.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        async with pair.node(LEIPZIG, hub=None) as leipzig:
            await leipzig.step("AcceptReferral", referral)
        async with pair.node(LEIPZIG, hub_durable="nobody"):
            await dresden.until_state(referral, r.REFERRAL_STATE_ACCEPTED)
        await all_sent(dresden)
        release = await _lose_release(pair, referral)
        await dresden.step("WithdrawReferral", referral, reason="other")
        async with pair.node(LEIPZIG) as leipzig:
            await dresden.until_state(referral, r.REFERRAL_STATE_WITHDRAWN)
            await dresden.step("CloseReferral", referral)
            await leipzig.until_state(referral, r.REFERRAL_STATE_CLOSED)
            applied = leipzig.service.readers["hub"].state.applied
            async with pair.as_region(DRESDEN) as hub:
                await hub.jetstream.publish(_release_subject(referral), release)  # the hub had only held it back

            async def read() -> bool:
                return leipzig.service.readers["hub"].state.applied > applied

            await until(read)
            assert not await holds_a_person(leipzig)
            assert not (await leipzig.seen(referral)).person_released


def _release_subject(referral: Any) -> str:
    return f"fed.to.leipzig.dresden.ref.{referral.name.rpartition('/')[2]}.0"


async def _lose_release(world: World, referral: Any) -> bytes:
    """Have the hub lose the released person that waits there; gives the message."""
    async with world.admin() as admin:
        message = await newest_message(admin, "MAIL", _release_subject(referral))
        assert message is not None
        assert len(message.data) > 1_000
        await admin.jetstream.purge_stream("MAIL", subject=_release_subject(referral))
    return bytes(message.data)
