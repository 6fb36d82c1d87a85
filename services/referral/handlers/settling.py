"""Owns what becomes of letters: receipts settle them, time sends them again, and too much time gives them up."""

from dataclasses import replace
from datetime import timedelta

import structlog

from services.referral.domain.letters import FIRST_STEP, Receipt, Withdrawal
from services.referral.domain.referral import Referral, Wish, WishKind
from services.referral.domain.transitions import SYSTEM, Action
from services.referral.domain.values import Side, State, Undelivered, Withdrawn
from services.referral.handlers.logbook import post_step, save, write
from services.referral.ports import Delivery, MailKind, Outgoing, Work

log = structlog.get_logger(__name__)

MOST_WAIT = timedelta(hours=6)
"""Longest pause between two tries of a letter."""


async def receive_receipt(work: Work, sender: str, referral_id: str, number: int, receipt: Receipt, raw: bytes) -> bool:
    """Settle the letter that a receipt is for; False for one that fits no letter of ours. `raw` is kept as evidence."""
    letter = await work.store.outgoing(referral_id, number)
    if letter is None or letter.to != sender or (receipt.referral_id, receipt.number) != (referral_id, number):
        return False
    if receipt.body_hash != letter.body_hash:
        # It may be for the ciphertext that was taken back meanwhile; that receipt settles nothing.
        return bool(letter.former_hash) and receipt.body_hash == letter.former_hash
    if letter.delivery in {Delivery.RECEIPTED, Delivery.REFUSED}:
        return True
    delivery = Delivery.REFUSED if receipt.refused else Delivery.RECEIPTED
    await work.store.put_outgoing(replace(letter, body=b"", delivery=delivery, receipt=raw))
    referral = await work.store.referral(referral_id)
    if referral is not None:
        await _learn(work, referral, number, receipt)
    return True


async def _learn(work: Work, referral: Referral, number: int, receipt: Receipt) -> None:
    """Note how far the other side's log goes, and that it wants nothing of a request that it refused."""
    if receipt.refused:
        log.warning("letter.refused", referral=referral.id, number=number, refusal=receipt.refusal)
    if receipt.version >= referral.peer_version:
        referral = replace(referral, peer_version=receipt.version, peer_hash=receipt.head_hash)
        await work.store.put_referral(referral)
    if receipt.refused and number == FIRST_STEP and referral.side is Side.SOURCE:
        await _end_undelivered(work, replace(referral, wish=None), Undelivered.REFUSED)


async def send_again(work: Work, letter: Outgoing, give_up_after: timedelta) -> None:
    """Send a letter once more, or give up a request that was never answered, and what came behind it.

    Once the other side has been heard of nothing is given up: a node that was away for two months still learns
    everything. To a region that has left nothing is sent; should it come back, its letters go on.
    """
    referral = await work.store.referral(letter.referral_id)
    left = not work.regions.active(letter.to)
    silent = work.moment - letter.post_time >= give_up_after
    unheard = referral is not None and referral.side is Side.SOURCE and referral.peer_version == 0
    if referral is not None and unheard and (silent or (left and letter.number == FIRST_STEP)):
        await work.store.put_outgoing(replace(letter, delivery=Delivery.GIVEN_UP))
        log.warning("letter.abandoned", referral=letter.referral_id, number=letter.number, tries=letter.tries)
        if letter.number == FIRST_STEP:
            await _end_undelivered(work, referral, Undelivered.REGION_UNKNOWN if left else Undelivered.NO_ANSWER)
        return
    pause = min(timedelta(seconds=work.resend_seconds * 2 ** min(letter.tries + 1, 20)), MOST_WAIT)
    await work.store.put_outgoing(replace(letter, tries=letter.tries + 1, next_time=work.moment + pause))
    if not left:
        await work.store.send(MailKind.LETTER, letter.to, letter.referral_id, letter.number, letter.body, work.moment)


async def revive(work: Work, referral: Referral) -> None:
    """Send again what was given up: the other side is there after all."""
    for number in range(FIRST_STEP, referral.sent_steps + 1):
        letter = await work.store.outgoing(referral.id, number)
        if letter is not None and letter.delivery is Delivery.GIVEN_UP:
            await work.store.put_outgoing(
                replace(letter, delivery=Delivery.WAITING, next_time=work.moment, post_time=work.moment, tries=0)
            )


async def _end_undelivered(work: Work, referral: Referral, reason: Undelivered) -> None:
    """Say that a referral could not be brought to its target; a source that took it back meanwhile said so already."""
    if referral.state is not State.SUBMITTED:
        await work.store.put_referral(referral)
        return
    expected = referral.version
    referral, _ = await write(work, referral, Action.GIVE_UP, SYSTEM, reason=reason, provisional=True)
    referral = replace(referral, person_barred=True)
    if reason is Undelivered.NO_ANSWER:
        # The request may still lie at the hub. Whoever reads it later finds this right behind it.
        referral = await post_step(work, referral, Withdrawal(expected, Withdrawn.OTHER))
        referral = replace(referral, wish=Wish(WishKind.WITHDRAW, expected, Withdrawn.OTHER))
    await save(work, referral)
