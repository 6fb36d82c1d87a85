"""Owns how a source follows its target: entries are checked and copied, and what follows from them is done."""

from dataclasses import replace

import structlog

from services.referral.domain.letters import FORBIDDEN, RELEASE_NUMBER, Conflict, Event, Release
from services.referral.domain.log import LogLine, canonical, fits_behind
from services.referral.domain.referral import Referral, Wish, WishKind, showing
from services.referral.domain.transitions import ENDED, SYSTEM, Action, reachable
from services.referral.domain.values import Side, State, Withdrawn
from services.referral.handlers.logbook import post, save
from services.referral.handlers.sending import ask_to_close
from services.referral.handlers.settling import revive
from services.referral.handlers.withdrawing import ask_back
from services.referral.ports import Owner, Work

log = structlog.get_logger(__name__)


async def mirror_event(work: Work, referral: Referral, event: Event) -> str:
    """Copy the target's next entry; gives the refusal for one that is not genuine or does not follow, else ""."""
    entry = work.scribe.read(event.entry, referral.target_region, work.moment)
    lines = await work.store.log(referral.id)
    proven = canonical(lines)
    if (
        entry is None
        or entry.author_region != referral.target_region
        or not fits_behind(entry, proven, referral.id, referral.source_region, referral.target_region)
    ):
        return FORBIDDEN
    own_word = [line.entry.state for line in lines if line.provisional]
    if own_word:
        await work.store.drop_provisional(referral.id)
        await revive(work, referral)
    line = LogLine(entry, event.entry, work.moment)
    await work.store.append(line)
    referral = replace(
        showing(referral, [*proven, line]),
        update_time=work.moment,
        peer_version=entry.version,
        peer_hash=event.entry.hash,
        decline_text=event.decline_text or referral.decline_text,
        handoff_confirmed=referral.handoff_confirmed or entry.state is State.ACCEPTED,
    )
    if own_word and referral.wish is None:
        # This side had given up; the target is there after all, so it must hear that nobody waits for it.
        referral = await ask_back(work, referral, proven[-1].entry.version, Withdrawn.OTHER)
    await save(work, await _follow_up(work, _answered(referral)))
    return ""


async def mirror_conflict(work: Work, referral: Referral, refusal: Conflict) -> Referral:
    """Note that the target had decided before this side's wish came."""
    if referral.wish is None or _grants(refusal, referral.wish):
        # Asked only for the data of a referral that had ended: nothing was refused that anybody waits for.
        return referral
    refused = replace(referral, conflict=referral.wish.kind, wish=None, update_time=work.moment)
    log.info("wish.refused", referral=referral.id, wish=str(refused.conflict), state=str(referral.state))
    return await save(work, refused, conflict=True)


def _grants(refusal: Conflict, wish: Wish) -> bool:
    """Say whether a target that stands where the refusal says will close: then it refused an earlier request."""
    closable = reachable(Action.ADOPT_CLOSING, Side.TARGET, SYSTEM, refusal.state) is not None
    return wish.kind is WishKind.CLOSE and refusal.actual_version == wish.expected_version and closable


def _answered(referral: Referral) -> Referral:
    """Drop the wish that the new entry fulfils."""
    wish = referral.wish
    fulfilled = {WishKind.WITHDRAW: State.WITHDRAWN, WishKind.CLOSE: State.CLOSED}
    if wish is None or fulfilled[wish.kind] is not referral.state:
        return referral
    return replace(referral, wish=None, conflict="")


async def _follow_up(work: Work, referral: Referral) -> Referral:
    """Do what the new state asks of the source."""
    if referral.state is State.ACCEPTED:
        return await _release(work, referral)
    closable = reachable(Action.ADOPT_CLOSING, Side.TARGET, SYSTEM, referral.state) is not None
    if referral.closing_wanted and referral.state in ENDED and closable:
        return await ask_to_close(work, referral)
    return referral


async def _release(work: Work, referral: Referral) -> Referral:
    """Send the person to a target that has accepted: only with a consent that holds now, and never after a wish.

    A source that has asked to take a referral back releases nothing any more, even when it came too late: it withdraws
    again with the version it now knows, and refers anew if the person wants that.
    """
    case = await work.store.case(referral.case_id)
    allowed = case is not None and case.may_be_released and referral.preview.person_follows
    if not allowed or referral.person_barred or not work.letters.reaches(referral.target_region):
        return referral
    person = await work.store.person(Owner("case", referral.case_id))
    if person is None:
        return referral
    release = Release(referral.id, person)
    body = work.letters.seal(referral.target_region, referral.id, RELEASE_NUMBER, release)
    await post(work, referral, RELEASE_NUMBER, body)
    log.info("person.released", referral=referral.id)
    return replace(referral, person_released=True)
