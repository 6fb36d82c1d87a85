"""Owns the target's steps: looking at a referral, deciding, helping, and the answers to what the source asks."""

from dataclasses import replace

from services.common.errors import invalid
from services.referral.domain.letters import Closing, Conflict, Event, Withdrawal
from services.referral.domain.log import LogLine
from services.referral.domain.referral import Prerequisite, Referral, require_version
from services.referral.domain.transitions import (
    SYSTEM,
    Action,
    Verdict,
    judge_withdrawal,
    not_allowed,
    reachable,
)
from services.referral.domain.values import NOTHING_TO_SEE, DeclineReason, OutcomeCode, Side, State, Withdrawn
from services.referral.handlers.logbook import post_step, referral_of, save, write
from services.referral.handlers.sending import require_steps
from services.referral.ports import Owner, Work

_NEEDS_TEXT = frozenset({DeclineReason.PREREQUISITE_MISSING, DeclineReason.OTHER})


async def act(
    work: Work,
    referral_id: str,
    expected_version: int,
    action: Action,
    *,
    outcome_code: OutcomeCode = OutcomeCode.UNSPECIFIED,
) -> Referral:
    """Take a step that needs nothing more; raises RESOURCE_NOT_FOUND, VERSION_CONFLICT, STATE_NOT_ALLOWED."""
    referral = await _asked(work, referral_id, expected_version, action)
    referral, line = await write(work, referral, action, work.role, outcome_code=outcome_code)
    return await save(work, await announce(work, referral, line))


async def accept(
    work: Work, referral_id: str, expected_version: int, prerequisites: tuple[Prerequisite, ...]
) -> Referral:
    """Accept; `prerequisites` are the offer's as known here. Raises as `act`, and PREREQUISITE_MISSING."""
    referral = await _asked(work, referral_id, expected_version, Action.ACCEPT)
    require_steps(prerequisites, referral.preview.facts)
    referral, line = await write(work, referral, Action.ACCEPT, work.role)
    return await save(work, await announce(work, referral, line))


async def decline(work: Work, referral_id: str, expected_version: int, reason: DeclineReason, text: str) -> Referral:
    """Decline with a reason; some reasons need a text. Raises as `act`, and INVALID_FIELD."""
    if reason in _NEEDS_TEXT and not text.strip():
        raise invalid(("text", "is required for this reason"))
    referral = await _asked(work, referral_id, expected_version, Action.DECLINE)
    referral, line = await write(work, referral, Action.DECLINE, work.role, decline_reason=reason)
    referral = replace(referral, decline_text=text)
    return await save(work, await announce(work, referral, line, text))


async def adopt_withdrawal(work: Work, referral: Referral, asked: Withdrawal) -> Referral:
    """Answer a withdrawal: write it, or say what was decided before. Revoked consent takes the data in any case."""
    history = [(line.entry.version, line.entry.state) for line in await work.store.log(referral.id)]
    verdict = judge_withdrawal(history, asked.expected_version)
    if asked.reason == Withdrawn.CONSENT_REVOKED or verdict is not Verdict.TOO_LATE:
        referral = await drop_person(work, referral)
    if asked.reason == Withdrawn.CONSENT_REVOKED:
        referral = replace(referral, preview=NOTHING_TO_SEE, decline_text="")
    if verdict is Verdict.TOO_LATE:
        referral = await post_step(work, referral, Conflict(asked.expected_version, referral.version, referral.state))
    if verdict is not Verdict.ADOPT:
        await work.store.put_referral(referral)
        return referral
    referral, line = await write(work, referral, Action.ADOPT_WITHDRAWAL, SYSTEM, reason=asked.reason)
    return await save(work, await announce(work, referral, line))


async def adopt_closing(work: Work, referral: Referral, asked: Closing) -> Referral:
    """Answer a closing: write it, or say what stands in the way; one that is closed already needs no answer."""
    if referral.state is State.CLOSED:
        return referral
    possible = reachable(Action.ADOPT_CLOSING, Side.TARGET, SYSTEM, referral.state) is not None
    if not possible or asked.expected_version != referral.version:
        referral = await post_step(work, referral, Conflict(asked.expected_version, referral.version, referral.state))
        await work.store.put_referral(referral)
        return referral
    referral, line = await write(work, referral, Action.ADOPT_CLOSING, SYSTEM)
    return await save(work, await announce(work, referral, line))


async def announce(work: Work, referral: Referral, line: LogLine, decline_text: str = "") -> Referral:
    """Send an entry of this target to the source. The caller saves the referral."""
    return await post_step(work, referral, Event(line.signed, decline_text))


async def drop_person(work: Work, referral: Referral) -> Referral:
    """Erase the person with its key, and let none come any more. The caller saves the referral."""
    await work.store.erase(person_owner(referral))
    return replace(referral, person_released=False, person_barred=True)


def person_owner(referral: Referral) -> Owner:
    """Say under whose key a target keeps the person."""
    return Owner("referral", referral.id)


async def _asked(work: Work, referral_id: str, expected_version: int, action: Action) -> Referral:
    referral = await referral_of(work.store, referral_id)
    require_version(referral, expected_version)
    if reachable(action, referral.side, work.role, referral.state) is None:
        raise not_allowed(referral.state)
    return referral
