"""Owns how a step gets into the log, into the mail and to the node's other services, all in one transaction."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import structlog

from services.common.errors import CheckTheName
from services.referral.domain.letters import Content
from services.referral.domain.log import Entry, LogLine, canonical, head_of
from services.referral.domain.referral import Referral, showing
from services.referral.domain.transitions import Action, step
from services.referral.domain.values import DeclineReason, OutcomeCode
from services.referral.ports import MailKind, Outgoing, Reading, Work

log = structlog.get_logger(__name__)


async def referral_of(store: Reading, referral_id: str) -> Referral:
    """Give a referral; raises RESOURCE_NOT_FOUND."""
    found = await store.referral(referral_id)
    if found is None:
        raise CheckTheName("RESOURCE_NOT_FOUND", "no such referral")
    return found


async def write(
    work: Work,
    referral: Referral,
    action: Action,
    role: str,
    *,
    decline_reason: DeclineReason = DeclineReason.UNSPECIFIED,
    outcome_code: OutcomeCode = OutcomeCode.UNSPECIFIED,
    reason: str = "",
    provisional: bool = False,
) -> tuple[Referral, LogLine]:
    """Sign and append the entry of an action; raises STATE_NOT_ALLOWED. The caller saves the referral."""
    after = step(action, referral.side, role, referral.state)
    lines = await work.store.log(referral.id)
    head = head_of(lines)
    entry = Entry(
        referral_id=referral.id,
        version=head.version + 1,
        previous_hash=head.hash,
        author_region=work.region,
        author_role=role,
        state=after,
        time=work.moment,
        decline_reason=decline_reason,
        outcome_code=outcome_code,
        reason=reason,
    )
    line = LogLine(entry, work.scribe.sign(entry), work.moment, provisional)
    await work.store.append(line)
    return replace(showing(referral, [*lines, line]), update_time=work.moment), line


async def save(work: Work, referral: Referral, *, conflict: bool = False) -> Referral:
    """Store a referral that has changed for others to see, and tell the node's other services."""
    told = replace(referral, changes=referral.changes + 1)
    await work.store.put_referral(told)
    await work.store.tell(told, work.moment, conflict=conflict)
    log.info("referral.changed", referral=told.id, side=str(told.side), state=str(told.state), version=told.version)
    return told


async def post_step(work: Work, referral: Referral, content: Content) -> Referral:
    """Seal and send the next step to the other side. The caller saves the referral.

    A region whose key is gone from the member list cannot be written to: then nothing is sent, and the referral ends
    as undeliverable or stays as it is.
    """
    if not work.letters.reaches(referral.other_region):
        log.warning("step.dropped", referral=referral.id, to=referral.other_region)
        return referral
    number = referral.sent_steps + 1
    await post(work, referral, number, work.letters.seal(referral.other_region, referral.id, number, content))
    return replace(referral, sent_steps=number)


async def post(work: Work, referral: Referral, number: int, body: bytes) -> None:
    """Keep a sealed letter until it is receipted, and send it now."""
    before = await work.store.outgoing(referral.id, number)
    letter = Outgoing(
        referral_id=referral.id,
        number=number,
        to=referral.other_region,
        body=body,
        body_hash=hashlib.sha256(body).digest(),
        post_time=work.moment,
        next_time=work.moment + timedelta(seconds=work.resend_seconds),
        former_hash=before.body_hash if before else b"",
    )
    await work.store.put_outgoing(letter)
    await work.store.send(MailKind.LETTER, letter.to, referral.id, number, body, work.moment)


async def proven_lines(work: Work, referral_id: str) -> list[LogLine]:
    """Give the entries that are part of the proof."""
    return canonical(await work.store.log(referral_id))
