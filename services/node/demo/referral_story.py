"""The story goes on: a case goes to another region, is accepted and confirmed; also while one side sleeps."""

import asyncio
import time

from lotse.referral.v1 import case_pb2, referral_pb2
from services.common.names import RegionId
from services.node.cli.offers import title_of
from services.node.demo.cast import STATE
from services.node.demo.desk import POLL_SECONDS, WAIT_SECONDS, Desk
from services.node.demo.narrator import Narrator, StepFailed
from services.node.demo.stage import Stage
from services.node.demo.story import OFFER_ID, OFFER_REGION
from services.notify.catching import Catcher

NEED = "Шукаю дитячий садок для доньки в Дрездені"
PERSON = case_pb2.Person(name="Musterfrau (Demo)", phone="+493023125999", note="Ruft am liebsten nachmittags zurück.")
OFFER = f"regions/{OFFER_REGION}/offers/{OFFER_ID}"
MAILBOX = {STATE: "hotline@sachsen.example", OFFER_REGION: "erstberatung@welcome-dresden.example"}

DELIVERED, ACCEPTED = referral_pb2.REFERRAL_STATE_DELIVERED, referral_pb2.REFERRAL_STATE_ACCEPTED
COMPLETED, DECLINED = referral_pb2.REFERRAL_STATE_COMPLETED, referral_pb2.REFERRAL_STATE_DECLINED


class ReferralStory:
    """Plays the chapters about referrals; raises StepFailed at the first step that does not come true."""

    def __init__(self, narrator: Narrator, stage: Stage, catcher: Catcher) -> None:
        self._narrator = narrator
        self._stage = stage
        self._catcher = catcher

    async def play(self) -> None:
        """Tell the whole way, then the same with the target asleep, then a decline."""
        self._narrator.chapter("A case goes from the hotline to Dresden")
        for region, address in MAILBOX.items():
            await self._desk(region).tell_by_mail("mailbox", address, "de")
        await self._whole_way()
        self._narrator.chapter("The same while Dresden's node is switched off")
        await self._asleep()
        self._narrator.chapter("Dresden declines, and the hotline gets the next candidates")
        await self._declined()

    def _desk(self, region: RegionId) -> Desk:
        return Desk(self._stage.actors[region], region)

    async def _whole_way(self) -> None:
        hotline, dresden = self._desk(STATE), self._desk(OFFER_REGION)
        with self._narrator.step("the hotline takes a case in, in the person's own words, with their consent"):
            case = await hotline.take_in(NEED, PERSON)
        with self._narrator.step("counters are recommended, with reasons"):
            candidates = await hotline.recommend(case)
            if OFFER not in [each.entry.offer.name for each in candidates]:
                raise StepFailed(f"{OFFER} is not among {[each.entry.offer.name for each in candidates]}")
        for each in candidates:
            mark = " (state-wide fallback)" if each.fallback else ""
            self._narrator.detail(f"{title_of(each.entry.offer)}{mark}: {'; '.join(each.reasons)}")
        with self._narrator.step("sent; Dresden's node confirms by itself with a signed receipt"):
            sent = await hotline.send(case, OFFER)
            await hotline.until(sent.name, DELIVERED)
        with self._narrator.step("Dresden's staff sees the request, and nothing personal"):
            came = await dresden.until(sent.name, DELIVERED)
            if came.HasField("person") or came.person_released:
                raise StepFailed("the person is visible before acceptance")
        await self._accepted_and_done(hotline, dresden, came)

    async def _accepted_and_done(self, hotline: Desk, dresden: Desk, came: referral_pb2.Referral) -> None:
        with self._narrator.step("Dresden accepts; only now the person's data is released, sealed to Dresden's key"):
            await dresden.accept(came)
            opened = await dresden.until(came.name, ACCEPTED, person=True)
            if opened.person.name != PERSON.name:
                raise StepFailed("the person has not arrived")
        with self._narrator.step("the hotline sees the confirmed hand-off"):
            confirmed = await hotline.until(came.name, ACCEPTED)
            if not confirmed.handoff_confirmed:
                raise StepFailed("the hand-off is not confirmed")
        with self._narrator.step("Dresden helps and completes; the hotline knows"):
            await dresden.help(opened)
            await hotline.until(came.name, COMPLETED)
        with self._narrator.step("both logs agree, entry by entry"):
            await self._proven(hotline, dresden, came.name)
        await self._told(hotline, came.name)

    async def _proven(self, hotline: Desk, dresden: Desk, name: str) -> None:
        deadline = time.perf_counter() + WAIT_SECONDS
        while True:
            here, there = await hotline.prove(name), await dresden.prove(name)
            if here.proven and there.proven and here.head_hash == there.head_hash:
                return
            if time.perf_counter() > deadline:
                raise StepFailed("; ".join([*here.problems, *there.problems]) or "the heads differ")
            await asyncio.sleep(POLL_SECONDS)

    async def _told(self, hotline: Desk, name: str) -> None:
        number = name.rsplit("/", 1)[-1]
        with self._narrator.step("the staff of both sides is told, by inbox and by mail, with number and link only"):
            deadline = time.perf_counter() + WAIT_SECONDS
            while len(mails := [mail for mail in self._catcher.messages if number.encode() in mail.raw]) < 4:
                if time.perf_counter() > deadline:
                    raise StepFailed(f"only {len(mails)} mails came")
                await asyncio.sleep(POLL_SECONDS)
            if any(PERSON.name.encode() in mail.raw for mail in self._catcher.messages):
                raise StepFailed("a mail names the person")
        for mail in mails:
            self._narrator.detail(f"to {', '.join(mail.recipients)}: {mail.subject}")
        for each in await hotline.notifications(number):
            self._narrator.detail(f"hotline's inbox: {each.text}")

    async def _asleep(self) -> None:
        hotline = self._desk(STATE)
        case = await hotline.take_in(NEED, PERSON)
        with self._narrator.step("Dresden's node is switched off"):
            await self._stage.switch_off(OFFER_REGION)
        with self._narrator.step("the hotline sends all the same; the request waits, sealed, at the hub"):
            sent = await hotline.send(case, OFFER)
        with self._narrator.step("Dresden's node is switched on again, and confirms"):
            await self._stage.switch_on(OFFER_REGION)
            await hotline.until(sent.name, DELIVERED)
        dresden = self._desk(OFFER_REGION)
        await self._accepted_and_done(hotline, dresden, await dresden.until(sent.name, DELIVERED))

    async def _declined(self) -> None:
        hotline, dresden = self._desk(STATE), self._desk(OFFER_REGION)
        case = await hotline.take_in(NEED, None)
        with self._narrator.step("a pseudonymous case is sent, and declined with a reason"):
            sent = await hotline.send(case, OFFER)
            await dresden.decline(await dresden.until(sent.name, DELIVERED))
            await hotline.until(sent.name, DECLINED)
        with self._narrator.step("the hotline gets the next candidates"):
            candidates = await hotline.recommend(case, without=[OFFER])
            if not candidates or OFFER in [each.entry.offer.name for each in candidates]:
                raise StepFailed("no other candidate")
        for each in candidates:
            self._narrator.detail(f"{title_of(each.entry.offer)} ({each.entry.partner.display_name})")
