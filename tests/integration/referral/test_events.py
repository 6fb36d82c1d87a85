"""The node's other services hear of every change on the own broker, in order, and of nothing personal."""

import pytest

from lotse.federation.v1.envelope_pb2 import Envelope, SignedEnvelope
from lotse.referral.v1 import referral_pb2 as r
from lotse.referral.v1.referral_events_pb2 import ReferralChanged
from services.common.messaging.connection import NatsSettings, connect_nats
from tests.integration.referral.steps import person_arrived, submitted, taken_to
from tests.integration.referral.world import DRESDEN, LEIPZIG, World, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_each_change_is_told_once_and_in_order(world: World) -> None:
    async with world.node(DRESDEN, broker=True) as dresden, world.node(LEIPZIG) as leipzig:
        # The own broker comes late: what has happened meanwhile waits and is not merged.
        referral = await submitted(dresden)
        await taken_to(leipzig, referral, r.REFERRAL_STATE_ACCEPTED)
        await person_arrived(leipzig, referral)
        async with world.broker(DRESDEN) as url:
            home = world.homes[DRESDEN].folder
            heard: list[ReferralChanged] = []
            subjects: set[str] = set()
            async with connect_nats(NatsSettings(url, "admin", home / "admin.nk")) as admin:
                await admin.until_connected()
                subscription = await admin.jetstream.subscribe("node.referral.>", ordered_consumer=True)

                async def complete() -> bool:
                    message = await subscription.next_msg(timeout=20)
                    envelope = Envelope.FromString(SignedEnvelope.FromString(message.data).signed)
                    subjects.add(message.subject)
                    assert (envelope.subject, envelope.revision) == (message.subject, len(heard) + 1)
                    heard.append(ReferralChanged.FromString(envelope.body))
                    return heard[-1].state == r.REFERRAL_STATE_ACCEPTED

                await until(complete)
        assert subjects == {f"node.referral.referral.{referral.name.rpartition('/')[2]}"}
        assert [(one.state, one.version, one.handoff_confirmed) for one in heard] == [
            (r.REFERRAL_STATE_DRAFT, 1, False),
            (r.REFERRAL_STATE_SUBMITTED, 2, False),
            (r.REFERRAL_STATE_DELIVERED, 3, False),
            (r.REFERRAL_STATE_IN_REVIEW, 4, False),
            (r.REFERRAL_STATE_ACCEPTED, 5, True),
        ]
        assert {(one.name, one.other_region, one.side) for one in heard} == {(referral.name, "leipzig", r.SIDE_SOURCE)}
