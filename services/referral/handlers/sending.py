"""Owns the source's own steps: preparing a referral, sending it, and closing it."""

from collections.abc import Iterable
from dataclasses import replace

from services.common.errors import MendTheState
from services.common.names import RegionId, ResourceName
from services.referral.domain.case import Case, require_content
from services.referral.domain.letters import Closing, Request
from services.referral.domain.referral import Prerequisite, Referral, Wish, WishKind, require_version
from services.referral.domain.routing import missing_steps
from services.referral.domain.transitions import SYSTEM, Action, not_allowed, reachable
from services.referral.domain.values import Fact, Side, State
from services.referral.handlers.cases import case_of
from services.referral.handlers.logbook import post_step, referral_of, save, write
from services.referral.ports import ReferralQuery, Work


async def create_referral(
    work: Work, case_id: str, offer: ResourceName, prerequisites: tuple[Prerequisite, ...]
) -> Referral:
    """Prepare a referral; raises RESOURCE_NOT_FOUND, CASE_ERASED, TARGET_NOT_POSSIBLE, REFERRAL_OPEN."""
    case = await case_of(work.store, case_id)
    require_content(case)
    require_target(work, offer.region)
    await _refuse_second(work, case, str(offer))
    draft = Referral(
        id=str(work.new_id()),
        side=Side.SOURCE,
        source_region=work.region,
        target_region=offer.region,
        offer=str(offer),
        create_time=work.moment,
        update_time=work.moment,
        case_id=case.id,
        preview=case.preview(),
        prerequisites=prerequisites,
    )
    referral, _ = await write(work, draft, Action.CREATE, work.role)
    return await save(work, referral)


async def submit_referral(
    work: Work, referral_id: str, expected_version: int, prerequisites: tuple[Prerequisite, ...] | None
) -> Referral:
    """Send it; `prerequisites` are the offer's as heard just now, None for those heard when it was prepared.

    Raises RESOURCE_NOT_FOUND, VERSION_CONFLICT, STATE_NOT_ALLOWED, CASE_ERASED, CONSENT_MISSING, PREREQUISITE_MISSING,
    TARGET_NOT_POSSIBLE.
    """
    referral = await referral_of(work.store, referral_id)
    require_version(referral, expected_version)
    if reachable(Action.SUBMIT, referral.side, work.role, referral.state) is None:
        raise not_allowed(referral.state)
    case = await case_of(work.store, referral.case_id)
    require_content(case)
    if case.needs_consent:
        raise MendTheState("CONSENT_MISSING", "a person is recorded, so the case needs a consent that holds")
    require_steps(referral.prerequisites if prerequisites is None else prerequisites, case.facts)
    require_target(work, referral.target_region)
    referral, _ = await write(work, replace(referral, preview=case.preview()), Action.SUBMIT, work.role)
    log = tuple(line.signed for line in await work.store.log(referral.id))
    return await save(work, await post_step(work, referral, Request(log, referral.offer, referral.preview)))


async def close_referral(work: Work, referral_id: str, expected_version: int) -> Referral:
    """Say that the source has seen the end; raises RESOURCE_NOT_FOUND, VERSION_CONFLICT, STATE_NOT_ALLOWED."""
    referral = await referral_of(work.store, referral_id)
    require_version(referral, expected_version)
    answer_pending = referral.wish is not None and referral.state is not State.UNDELIVERABLE
    if referral.side is not Side.SOURCE or answer_pending:
        raise not_allowed(referral.state)
    lines = await work.store.log(referral.id)
    if all(line.entry.author_region == work.region for line in lines):
        # The target has not written anything, so nobody but this side can end it.
        referral, _ = await write(work, referral, Action.CLOSE, work.role, provisional=referral.was_sent)
        return await save(work, replace(referral, closing_wanted=referral.was_sent))
    return await save(work, await ask_to_close(work, referral))


async def ask_to_close(work: Work, referral: Referral) -> Referral:
    """Ask the target to write the end; raises STATE_NOT_ALLOWED. The caller saves the referral."""
    if reachable(Action.ADOPT_CLOSING, Side.TARGET, SYSTEM, referral.state) is None:
        raise not_allowed(referral.state)
    asked = await post_step(work, referral, Closing(referral.version))
    wish = Wish(WishKind.CLOSE, referral.version)
    return replace(asked, wish=wish, closing_wanted=False, update_time=work.moment)


def require_target(work: Work, region: str) -> None:
    """Raise TARGET_NOT_POSSIBLE unless the region is another one that takes referrals."""
    if region == work.region or not work.regions.takes_referrals(region):
        raise MendTheState("TARGET_NOT_POSSIBLE", "the target is no other active region that takes referrals")


def require_steps(prerequisites: Iterable[Prerequisite], facts: Iterable[Fact]) -> None:
    """Raise PREREQUISITE_MISSING naming the first hard step that is not known to have come so far."""
    for missing in missing_steps(prerequisites, facts):
        if missing.hard:
            raise MendTheState(
                "PREREQUISITE_MISSING", "a step must come first; the topic names it", metadata={"topic": missing.topic}
            )


async def _refuse_second(work: Work, case: Case, offer: str) -> None:
    for other in await work.store.referrals(ReferralQuery(side=Side.SOURCE, case_id=case.id, size=10_000)):
        if other.open and other.offer == offer:
            name = str(ResourceName(RegionId(work.region), "referrals", other.id))
            raise MendTheState("REFERRAL_OPEN", "a referral to this offer is open", metadata={"referral": name})
