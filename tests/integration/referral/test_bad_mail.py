"""Forged, swapped and broken mail changes nothing, is set aside with its reason, and holds nothing else up."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from lotse.referral.v1 import referral_mail_pb2 as mail
from lotse.referral.v1 import referral_pb2 as r
from services.common.clock import utc_now
from services.common.crypto.keys import Signer
from services.common.crypto.sealing import seal_to
from services.common.db import outbox
from services.common.db.outbox import OutboxRecord
from services.common.messaging.envelope import seal
from services.common.messaging.subjects import mail_subject
from services.common.names import RegionId
from services.referral.convert.letters import padded_bytes, receipt_bytes, sealed_bytes
from services.referral.domain.letters import Receipt, Withdrawal
from services.referral.domain.values import State
from tests.integration.referral.steps import both_prove, parked_at, submitted, taken_to, until_parked
from tests.integration.referral.world import CHEMNITZ, DRESDEN, LEIPZIG, Node, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass
class Scene:
    """Both services run; a referral waits at the target."""

    world: World
    dresden: Node
    leipzig: Node
    referral: r.Referral

    @property
    def id(self) -> str:
        return self.referral.name.rpartition("/")[2]

    def subject(self, number: int, *, sender: RegionId = DRESDEN, kind: str = "ref", to: RegionId = LEIPZIG) -> str:
        return mail_subject(to, sender, kind, self.id, number)

    def wish(self, subject: str, reader: RegionId = LEIPZIG) -> bytes:
        """Seal a withdrawal for a subject to a region's key."""
        key = self.world.homes[reader].sealing.public_bytes
        bound = b"lotse referral v1\x00" + subject.encode()
        return sealed_bytes(seal_to(key, padded_bytes(Withdrawal(9, "other")), bound))

    def envelope(
        self, subject: str, body: bytes, signer: Signer, origin: RegionId = DRESDEN, kind: str = "ref"
    ) -> bytes:
        number = int(subject.rpartition(".")[2])
        record = OutboxRecord(kind, self.id, 1, number + 1, False, body, utc_now())
        return seal(record, 1, subject, origin, signer)

    async def publish(self, subject: str, data: bytes) -> None:
        """Publish as the hub's own admin could: a hub that lies can do no more."""
        async with self.world.admin() as hub:
            await hub.jetstream.publish(subject, data)

    async def refused(self, node: Node, *reasons: str) -> None:
        """Check that this was set aside, that nothing changed, and that good mail flows on."""
        parked = await until_parked(node, len(reasons))
        assert sorted(one.reason for one in parked) == sorted(reasons)
        assert (await self.leipzig.seen(self.referral)).state == r.REFERRAL_STATE_DELIVERED
        await taken_to(self.leipzig, self.referral, r.REFERRAL_STATE_IN_REVIEW)
        await self.dresden.until_state(self.referral, r.REFERRAL_STATE_IN_REVIEW)
        await self.dresden.step("WithdrawReferral", self.referral, reason="mistake")
        await self.dresden.until_state(self.referral, r.REFERRAL_STATE_WITHDRAWN)
        await both_prove(self.referral, self.dresden, self.leipzig)


@asynccontextmanager
async def delivered(world: World) -> AsyncIterator[Scene]:
    async with world.node(DRESDEN) as dresden, world.node(LEIPZIG) as leipzig:
        referral = await submitted(dresden)
        await dresden.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        yield Scene(world, dresden, leipzig, referral)


async def test_a_letter_signed_by_another_region_is_set_aside(world: World) -> None:
    async with delivered(world) as scene:
        subject = scene.subject(2)
        forged = scene.envelope(subject, scene.wish(subject), world.homes[CHEMNITZ].signer)
        await scene.publish(subject, forged)
        await scene.refused(scene.leipzig, "KEY_UNKNOWN")


async def test_a_letter_with_a_broken_signature_is_set_aside(world: World) -> None:
    async with delivered(world) as scene:
        subject = scene.subject(2)
        genuine = scene.envelope(subject, scene.wish(subject), world.homes[DRESDEN].signer)
        await scene.publish(subject, genuine[:-1] + bytes([genuine[-1] ^ 1]))
        await scene.refused(scene.leipzig, "SIGNATURE_INVALID")


async def test_a_letter_moved_to_another_subject_is_set_aside(world: World) -> None:
    async with delivered(world) as scene:
        genuine = scene.envelope(scene.subject(3), scene.wish(scene.subject(3)), world.homes[DRESDEN].signer)
        await scene.publish(scene.subject(2), genuine)
        await scene.refused(scene.leipzig, "SUBJECT_MISMATCH")


async def test_a_letter_for_another_region_is_set_aside(world: World) -> None:
    async with delivered(world) as scene:
        subject = scene.subject(1, to=CHEMNITZ)
        genuine = scene.envelope(subject, scene.wish(subject, CHEMNITZ), world.homes[DRESDEN].signer)
        await scene.publish(scene.subject(2), genuine)
        await scene.refused(scene.leipzig, "SUBJECT_MISMATCH")


@pytest.mark.parametrize("damage", ["another key", "another place", "cut short", "one bit", "no letter at all"])
async def test_a_letter_that_does_not_open_is_set_aside_and_refused_to_its_sender(world: World, damage: str) -> None:
    async with delivered(world) as scene:
        subject = scene.subject(7)
        # A number far ahead of its turn, so that the honest withdrawal below keeps its own.
        body = scene.wish(subject, CHEMNITZ if damage == "another key" else LEIPZIG)
        if damage == "another place":
            body = scene.wish(scene.subject(8))
        if damage == "cut short":
            sealed = mail.SealedBody.FromString(body)
            sealed.ciphertext = sealed.ciphertext[:-20]
            body = sealed.SerializeToString()
        if damage == "one bit":
            body = body[:-1] + bytes([body[-1] ^ 1])
        if damage == "no letter at all":
            body = b"\xff\xff\xff"
        await scene.publish(subject, scene.envelope(subject, body, world.homes[DRESDEN].signer))
        await scene.refused(scene.leipzig, "BODY_INVALID")


async def test_a_request_sealed_to_a_wrong_key_ends_undeliverable_at_its_source(world: World) -> None:
    leipzig_home = world.homes[LEIPZIG]
    right = leipzig_home.sealing
    async with world.node(LEIPZIG) as leipzig, world.node(DRESDEN) as dresden:
        leipzig_home.sealing = world.homes[CHEMNITZ].sealing  # a member list that names another key
        world.write_members()
        referral = await submitted(dresden)
        here = await dresden.until_state(referral, r.REFERRAL_STATE_UNDELIVERABLE)
        timeline = (await dresden.call("GetReferral", name=here.name)).timeline
        assert timeline[-1].entry.reason == "refused"
        assert [one.reason for one in await until_parked(leipzig, 1)] == ["BODY_INVALID"]
        leipzig_home.sealing = right
        world.write_members()
        again = await submitted(dresden)
        await dresden.until_state(again, r.REFERRAL_STATE_DELIVERED)


async def test_a_receipt_for_another_letter_settles_nothing(world: World) -> None:
    async with world.node(DRESDEN) as dresden:
        referral = await submitted(dresden)
        scene = Scene(world, dresden, dresden, referral)
        subject = scene.subject(1, sender=LEIPZIG, kind="rcpt", to=DRESDEN)
        digest = hashlib.sha256(b"another letter").digest()
        receipt = receipt_bytes(Receipt(scene.id, 1, digest, State.DELIVERED, 3, bytes(32)))
        signer = world.homes[LEIPZIG].signer
        await scene.publish(subject, scene.envelope(subject, receipt, signer, LEIPZIG, "rcpt"))
        (parked,) = await until_parked(dresden, 1)
        assert (parked.reason, parked.subject) == ("BODY_INVALID", subject)
        other = scene.subject(2, sender=LEIPZIG, kind="rcpt", to=DRESDEN)
        await scene.publish(other, scene.envelope(other, receipt, signer, LEIPZIG, "rcpt"))
        await until_parked(dresden, 2)
        assert not (await dresden.call("ProvePath", name=referral.name)).peer_version
        async with world.node(LEIPZIG):
            await dresden.until_state(referral, r.REFERRAL_STATE_DELIVERED)


async def test_a_region_cannot_speak_in_a_referral_that_is_not_its_own(world: World) -> None:
    async with delivered(world) as scene, world.as_region(CHEMNITZ) as hub:
        subject = scene.subject(1, sender=CHEMNITZ)
        body = scene.wish(subject)
        await hub.jetstream.publish(subject, scene.envelope(subject, body, world.homes[CHEMNITZ].signer, CHEMNITZ))
        await scene.refused(scene.leipzig, "BODY_INVALID")


async def test_a_region_cannot_pass_anothers_request_off_as_its_own(world: World) -> None:
    async with world.node(DRESDEN, hub=None) as dresden:
        referral = await submitted(dresden)
        async with dresden.service.database.reading() as session:
            (row,) = await outbox.oldest(session, "hub")
    async with world.node(LEIPZIG) as leipzig, world.as_region(CHEMNITZ) as hub:
        # The sealed body is bound to its own subject: under another one it does not even open.
        subject = mail_subject(LEIPZIG, CHEMNITZ, "ref", referral.name.rpartition("/")[2], 1)
        scene = Scene(world, leipzig, leipzig, referral)
        data = scene.envelope(subject, row.record.body, world.homes[CHEMNITZ].signer, CHEMNITZ)
        await hub.jetstream.publish(subject, data)
        assert [one.reason for one in await until_parked(leipzig, 1)] == ["BODY_INVALID"]
        assert await leipzig.seen(referral) is None


async def test_two_letters_under_one_number_are_not_both_believed(world: World) -> None:
    async with delivered(world) as scene:
        subject = scene.subject(1)
        await scene.publish(subject, scene.envelope(subject, scene.wish(subject), world.homes[DRESDEN].signer))
        await scene.refused(scene.leipzig, "BODY_INVALID")
        assert not await parked_at(scene.dresden)
