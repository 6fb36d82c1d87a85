"""Guarantees that each letter has its effect once and in order, and is answered by a receipt of the same transaction.

A letter that came before its predecessor is kept until that one is here. A repeat gets the receipt of the first time.
"""

import hashlib
from dataclasses import replace

from services.referral.domain.letters import (
    FIRST_STEP,
    FORBIDDEN,
    NOT_READABLE,
    RELEASE_NUMBER,
    Closing,
    Conflict,
    Content,
    Event,
    Receipt,
    Release,
    Request,
    Withdrawal,
)
from services.referral.domain.log import head_of, state_of
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import HOLDS_PERSON
from services.referral.domain.values import OutcomeCode, Side
from services.referral.handlers.deciding import adopt_closing, adopt_withdrawal, drop_person, person_owner
from services.referral.handlers.logbook import proven_lines, save
from services.referral.handlers.mirroring import mirror_conflict, mirror_event
from services.referral.handlers.welcoming import welcome
from services.referral.ports import Incoming, MailKind, Work

MOST_AHEAD = 64
"""How far ahead of its turn a letter is kept; what is further ahead comes again by the sender's resend."""


async def receive_letter(work: Work, sender: str, referral_id: str, number: int, body: bytes) -> bool:
    """Deal with a letter whose envelope was checked; False when its bytes are to be set aside for a person to see."""
    digest = hashlib.sha256(body).digest()
    known = await work.store.incoming(sender, referral_id, number)
    if known is not None and known.body_hash == digest:
        await work.store.send(MailKind.RECEIPT, sender, referral_id, number, known.receipt, work.moment)
        return True
    if number == RELEASE_NUMBER:
        return await _receive_release(work, sender, referral_id, body)
    if known is not None:
        return False  # a number is used once: this is another letter under it
    content = work.letters.open(sender, referral_id, number, body)
    if content is None or isinstance(content, Release):
        await _answer(work, sender, referral_id, number, digest, NOT_READABLE if content is None else FORBIDDEN)
        return False
    if number > 1 and await work.store.incoming(sender, referral_id, number - 1) is None:
        return await _keep(work, sender, referral_id, number, body)
    well = await _take(work, sender, referral_id, number, content, digest)
    await _take_followers(work, sender, referral_id, number)
    return well


async def _take_followers(work: Work, sender: str, referral_id: str, number: int) -> None:
    """Take the letters that waited for this one; they could be opened when they came."""
    while (body := await work.store.take_early(sender, referral_id, number + 1)) is not None:
        number += 1
        content = work.letters.open(sender, referral_id, number, body)
        if content is not None:
            await _take(work, sender, referral_id, number, content, hashlib.sha256(body).digest())


async def _keep(work: Work, sender: str, referral_id: str, number: int, body: bytes) -> bool:
    if number <= MOST_AHEAD:
        await work.store.keep_early(sender, referral_id, number, body)
    return True


async def _take(work: Work, sender: str, referral_id: str, number: int, content: Content, digest: bytes) -> bool:
    """Give a letter its effect and answer it; False for one that its sender had no right to."""
    referral = await work.store.referral(referral_id)
    if isinstance(content, Request) and referral is None and number == FIRST_STEP:
        refusal = await welcome(work, sender, referral_id, content)
    elif referral is None or referral.other_region != sender:
        refusal = FORBIDDEN
    else:
        refusal = await _effect(work, referral, content)
    await _answer(work, sender, referral_id, number, digest, refusal)
    # What follows a request that was refused is honest, though there is nothing here that it could act on.
    return refusal != FORBIDDEN or (referral is None and not isinstance(content, Request))


async def _effect(work: Work, referral: Referral, content: Content) -> str:
    """Do what the other side tells or asks; gives the refusal, "" when it was taken."""
    match referral.side, content:
        case Side.TARGET, Withdrawal():
            await adopt_withdrawal(work, referral, content)
        case Side.TARGET, Closing():
            await adopt_closing(work, referral, content)
        case Side.SOURCE, Event():
            return await mirror_event(work, referral, content)
        case Side.SOURCE, Conflict():
            await mirror_conflict(work, referral, content)
        case _:
            return FORBIDDEN
    return ""


async def _receive_release(work: Work, sender: str, referral_id: str, body: bytes) -> bool:
    """Keep the person sealed under the referral's own key, or let go of it when the body is empty."""
    digest = hashlib.sha256(body).digest()
    referral = await work.store.referral(referral_id)
    if referral is None or referral.side is not Side.TARGET or referral.source_region != sender:
        await _answer(work, sender, referral_id, RELEASE_NUMBER, digest, FORBIDDEN)
        return True  # not kept: whatever it holds, it is not for us
    if not body:
        if not referral.person_barred:
            await save(work, await drop_person(work, referral))
        await _answer(work, sender, referral_id, RELEASE_NUMBER, digest, "")
        return True
    # The source's closing may overtake the release: who has completed was to have the person.
    completed = referral.outcome_code is not OutcomeCode.UNSPECIFIED
    if referral.person_barred or not (completed or referral.state in HOLDS_PERSON):
        await _answer(work, sender, referral_id, RELEASE_NUMBER, digest, FORBIDDEN)
        return True
    content = work.letters.open(sender, referral_id, RELEASE_NUMBER, body)
    if not isinstance(content, Release) or content.referral_id != referral_id:
        await _answer(work, sender, referral_id, RELEASE_NUMBER, digest, NOT_READABLE)
        return False
    await work.store.put_person(person_owner(referral), content.person)
    await save(work, replace(referral, person_released=True, update_time=work.moment))
    await _answer(work, sender, referral_id, RELEASE_NUMBER, digest, "")
    return True


async def _answer(work: Work, sender: str, referral_id: str, number: int, digest: bytes, refusal: str) -> None:
    """Write the receipt, keep it for repeats, and send it."""
    referral = await work.store.referral(referral_id)
    ours = referral is not None and referral.other_region == sender
    lines = await proven_lines(work, referral_id) if ours else []
    head = head_of(lines)
    receipt = work.letters.receipt(
        Receipt(referral_id, number, digest, state_of(lines), head.version, head.hash, refusal)
    )
    await work.store.put_incoming(Incoming(sender, referral_id, number, digest, receipt, work.moment))
    await work.store.send(MailKind.RECEIPT, sender, referral_id, number, receipt, work.moment)
