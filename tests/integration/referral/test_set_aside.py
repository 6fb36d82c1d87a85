"""Mail that was set aside is listed with its reason, and tried again once its cause was mended."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lotse.federation.v1.envelope_pb2 import MEMBER_STATE_ACTIVE, MEMBER_STATE_LEFT, MemberList
from lotse.referral.v1 import referral_pb2 as r
from services.common.clock import utc_now
from services.common.crypto.sealing import seal_to
from services.common.db.outbox import OutboxRecord
from services.common.errors import CheckTheName, MendTheState
from services.common.messaging.envelope import seal
from services.common.messaging.members import write_members
from services.common.messaging.subjects import mail_subject
from services.referral.convert.letters import padded_bytes, sealed_bytes
from services.referral.domain.letters import Withdrawal
from tests.integration.referral.steps import both_prove, submitted, until_parked
from tests.integration.referral.world import CHEMNITZ, DRESDEN, LEIPZIG, World, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOT_SOON = 3_600.0
"""Seconds until a letter is sent again: what arrives, arrives by the replay."""


def old_list(world: World, serial: int, *, knows_dresden: bool) -> Path:
    """Write a member list of Leipzig's own, in which Dresden takes part or not."""
    states = {DRESDEN: MEMBER_STATE_ACTIVE if knows_dresden else MEMBER_STATE_LEFT}
    members = [home.member(states.get(home.region, MEMBER_STATE_ACTIVE)) for home in world.homes.values()]
    path = world.homes[LEIPZIG].folder / "members.binpb"
    write_members(path, MemberList(serial=serial, members=members), world.root)
    return path


async def test_mail_of_a_region_that_our_list_did_not_know_yet_is_applied_by_a_replay(pair: World) -> None:
    path = old_list(pair, 1, knows_dresden=False)
    async with pair.node(DRESDEN, resend_seconds=NOT_SOON) as dresden:
        referral = await submitted(dresden)
        async with pair.node(LEIPZIG, members_file=path, ops_address="127.0.0.1:0") as leipzig:
            await until_parked(leipzig, 1)
            aside = leipzig.service.parked
            (found,) = await aside.page(10, None, None)
            assert (found.region, found.reason, found.stream) == (DRESDEN, "REGION_UNKNOWN", "MAIL")
            assert found.subject.startswith("fed.to.leipzig.dresden.ref.")
            assert await aside.page(10, None, CHEMNITZ) == []
            assert await aside.counts() == {DRESDEN: 1}
            assert 'lotse_reader_parked{stream="MAIL"} 1.0' in await _metrics(leipzig.service.ops_port)
            with pytest.raises(MendTheState) as refusal:
                await aside.replay(found.id)
            assert refusal.value.metadata == {"park_reason": "REGION_UNKNOWN"}
            assert await leipzig.seen(referral) is None
        old_list(pair, 2, knows_dresden=True)
        async with pair.node(LEIPZIG, members_file=path) as leipzig:
            aside = leipzig.service.parked
            assert await aside.replay(found.id) is True
            await dresden.until_state(referral, r.REFERRAL_STATE_DELIVERED)
            await both_prove(referral, dresden, leipzig)
            assert await aside.counts() == {}
            with pytest.raises(CheckTheName):
                await aside.replay(found.id)


async def test_a_replay_of_what_came_again_by_itself_changes_nothing(pair: World) -> None:
    path = old_list(pair, 1, knows_dresden=False)
    async with pair.node(DRESDEN) as dresden:  # sends again each second
        referral = await submitted(dresden)
        async with pair.node(LEIPZIG, members_file=path) as leipzig:
            (found, *_) = await until_parked(leipzig, 1)
        old_list(pair, 2, knows_dresden=True)
        async with pair.node(LEIPZIG, members_file=path) as leipzig:
            there = await leipzig.until_state(referral, r.REFERRAL_STATE_DELIVERED)
            assert await leipzig.service.parked.replay(found.id) is False
            assert await leipzig.seen(referral) == there
            assert found.id not in [one.id for one in await leipzig.service.parked.page(10, None, None)]


async def test_a_letter_that_was_answered_with_a_refusal_stays_set_aside(pair: World) -> None:
    async with pair.node(DRESDEN) as dresden, pair.node(LEIPZIG) as leipzig:
        referral = await submitted(dresden)
        there = await leipzig.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        await _send_unreadable(pair, referral)
        (found,) = await until_parked(leipzig, 1)
        assert found.reason == "BODY_INVALID"
        for _ in range(2):
            with pytest.raises(MendTheState) as refusal:
                await leipzig.service.parked.replay(found.id)
            assert refusal.value.metadata == {"park_reason": "BODY_INVALID"}
        assert await leipzig.service.parked.counts() == {DRESDEN: 1}
        assert await leipzig.seen(referral) == there


async def _send_unreadable(world: World, referral: Any) -> None:
    """Send a letter as Dresden, genuine but sealed to a key that Leipzig does not have."""
    referral_id = referral.name.rpartition("/")[2]
    subject = mail_subject(LEIPZIG, DRESDEN, "ref", referral_id, 2)
    key = world.homes[CHEMNITZ].sealing.public_bytes
    bound = b"lotse referral v1\x00" + subject.encode()
    body = sealed_bytes(seal_to(key, padded_bytes(Withdrawal(3, "other")), bound))
    record = OutboxRecord("ref", referral_id, 1, 3, False, body, utc_now())
    async with world.as_region(DRESDEN) as hub:
        await hub.jetstream.publish(subject, seal(record, 1, subject, DRESDEN, world.homes[DRESDEN].signer))

    async def read() -> bool:
        async with world.admin() as admin:
            info = await admin.jetstream.consumer_info("MAIL", LEIPZIG)
            return not (info.num_pending or info.num_ack_pending)

    await until(read)


async def _metrics(port: int | None) -> str:
    async with aiohttp.ClientSession() as web, web.get(f"http://127.0.0.1:{port}/metrics") as answer:
        return await answer.text()
