"""Each step waits for as long as the other side is away, happens once, and ends in words when nobody ever answers."""

from datetime import timedelta
from pathlib import Path

import pytest

from lotse.federation.v1.envelope_pb2 import MEMBER_STATE_LEFT
from lotse.referral.v1 import referral_pb2 as r
from services.common.db import outbox
from services.common.messaging.envelope import seal
from services.referral.adapters.mailing import mail_subject_of, mail_told
from tests.integration.referral.clocks import MovableClock
from tests.integration.referral.steps import both_prove, nothing_waits, person_arrived, submitted, taken_to
from tests.integration.referral.world import DRESDEN, LEIPZIG, World, until
from tests.support.postgres import fresh_database

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_target_that_was_away_at_submit_gets_it_later(world: World) -> None:
    async with world.node(DRESDEN) as dresden:
        referral = await submitted(dresden)

        async def sent() -> bool:
            return await nothing_waits(dresden)

        await until(sent)
        assert (await dresden.seen(referral)).state == r.REFERRAL_STATE_SUBMITTED
        async with world.node(LEIPZIG) as leipzig:
            await dresden.until_state(referral, r.REFERRAL_STATE_DELIVERED)
            await both_prove(referral, dresden, leipzig)


async def test_a_source_that_was_away_at_accept_releases_later(world: World, postgres_url: str) -> None:
    # The source stands on PostgreSQL here, the target on SQLite: neither side knows of the other's.
    world.databases[DRESDEN] = await fresh_database(postgres_url)
    async with world.node(LEIPZIG) as leipzig:
        async with world.node(DRESDEN) as dresden:
            referral = await submitted(dresden)
            await leipzig.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        await leipzig.step("AcceptReferral", referral)
        assert not (await leipzig.seen(referral)).person_released
        async with world.node(DRESDEN) as dresden:
            await person_arrived(leipzig, referral)
            await both_prove(referral, dresden, leipzig)


async def test_a_hub_that_is_away_hinders_no_step_of_ones_own(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.node(DRESDEN) as dresden, world.node(LEIPZIG) as leipzig:
        referral = await submitted(dresden)
        assert (await dresden.seen(referral)).state == r.REFERRAL_STATE_SUBMITTED
        async with world.hub():
            await leipzig.until_state(referral, r.REFERRAL_STATE_DELIVERED)
            await dresden.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        await leipzig.step("AcceptReferral", referral)
        async with world.hub():
            await person_arrived(leipzig, referral)
            await both_prove(referral, dresden, leipzig)


async def test_a_letter_that_comes_five_times_has_its_effect_once(world: World) -> None:
    async with world.node(DRESDEN, hub=None) as dresden:
        referral = await submitted(dresden)
        async with dresden.service.database.reading() as session:
            (row,) = await outbox.oldest(session, "hub")
    subject = mail_subject_of(DRESDEN, row)
    letter = seal(mail_told(row), row.seq, subject, DRESDEN, world.homes[DRESDEN].signer)
    async with world.node(LEIPZIG) as leipzig:
        async with world.as_region(DRESDEN) as hub:
            for _ in range(5):
                await hub.jetstream.publish(subject, letter)
                await leipzig.until_state(referral, r.REFERRAL_STATE_DELIVERED)

            async def read() -> bool:
                return leipzig.service.readers["hub"].state.applied >= 5

            await until(read)
        listed = (await leipzig.call("ListReferrals", parent="regions/leipzig")).referrals
        assert [(found.version, found.state) for found in listed] == [(3, r.REFERRAL_STATE_DELIVERED)]
        async with world.node(DRESDEN) as dresden:
            await dresden.until_state(referral, r.REFERRAL_STATE_DELIVERED)
            await both_prove(referral, dresden, leipzig)


async def test_lost_mail_is_sent_again_until_it_is_receipted(world: World) -> None:
    async with world.node(DRESDEN) as dresden:
        referral = await submitted(dresden)
        async with world.admin() as admin:

            async def lost() -> bool:
                # The hub loses what waits there, as after a roll-back.
                return await nothing_waits(dresden) and (await admin.jetstream.purge_stream("MAIL"))

            await until(lost)
        async with world.node(LEIPZIG) as leipzig:
            await dresden.until_state(referral, r.REFERRAL_STATE_DELIVERED)
            await taken_to(leipzig, referral, r.REFERRAL_STATE_ACCEPTED)
            await person_arrived(leipzig, referral)


async def test_a_region_that_left_makes_it_undeliverable(world: World) -> None:
    async with world.node(DRESDEN) as dresden:
        referral = await submitted(dresden)
        world.write_members({LEIPZIG: MEMBER_STATE_LEFT})
        await dresden.until_state(referral, r.REFERRAL_STATE_UNDELIVERABLE)
        timeline = (await dresden.call("GetReferral", name=referral.name)).timeline
        assert (timeline[-1].entry.reason, timeline[-1].receipted) == ("region-unknown", False)
        assert (await dresden.step("CloseReferral", referral)).state == r.REFERRAL_STATE_CLOSED


async def test_no_answer_for_a_month_makes_it_undeliverable_and_a_late_target_withdraws_it(world: World) -> None:
    clock = MovableClock()
    async with world.node(DRESDEN, clock) as dresden:
        referral = await submitted(dresden)

        async def sent() -> bool:
            return await nothing_waits(dresden)

        await until(sent)
        clock.ahead = timedelta(days=30)
        await dresden.until_state(referral, r.REFERRAL_STATE_UNDELIVERABLE)
        await dresden.step("CloseReferral", referral)
        async with world.node(LEIPZIG) as leipzig:
            await leipzig.until_state(referral, r.REFERRAL_STATE_CLOSED)
            await dresden.until_state(referral, r.REFERRAL_STATE_CLOSED)
            await both_prove(referral, dresden, leipzig)
            states = [step.entry.state for step in (await dresden.call("GetReferral", name=referral.name)).timeline]
            assert states == [
                r.REFERRAL_STATE_DRAFT,
                r.REFERRAL_STATE_SUBMITTED,
                r.REFERRAL_STATE_DELIVERED,
                r.REFERRAL_STATE_WITHDRAWN,
                r.REFERRAL_STATE_CLOSED,
            ]


async def test_a_target_lets_a_person_go_after_ninety_days(world: World) -> None:
    clock = MovableClock()
    async with world.node(DRESDEN) as dresden, world.node(LEIPZIG, clock) as leipzig:
        referral = await submitted(dresden)
        await taken_to(leipzig, referral, r.REFERRAL_STATE_ACCEPTED)
        await person_arrived(leipzig, referral)
        await leipzig.step("CompleteReferral", referral, outcome_code=r.OUTCOME_CODE_SOLVED)
        clock.ahead = timedelta(days=89)
        await leipzig.service.housekeeping.once()
        assert (await leipzig.seen(referral)).person.name
        clock.ahead = timedelta(days=91)
        await leipzig.service.housekeeping.once()
        assert not (await leipzig.seen(referral)).person.name
