"""Owns how a source takes a referral back, and how it lets go of data that waits somewhere."""

from collections.abc import Iterable
from dataclasses import replace

from services.referral.domain.letters import RELEASE_NUMBER, Withdrawal
from services.referral.domain.log import canonical
from services.referral.domain.referral import Referral, Wish, WishKind, require_version
from services.referral.domain.transitions import SYSTEM, Action, Verdict, judge_withdrawal, not_allowed
from services.referral.domain.values import Side, State, Withdrawn
from services.referral.handlers.logbook import post, post_step, referral_of, save, write
from services.referral.ports import Delivery, Work


async def withdraw_referral(work: Work, referral_id: str, expected_version: int, reason: str) -> Referral:
    """Take a referral back; raises RESOURCE_NOT_FOUND, VERSION_CONFLICT, STATE_NOT_ALLOWED.

    Before delivery at once; later it is a wish that the target answers.
    """
    referral = await referral_of(work.store, referral_id)
    require_version(referral, expected_version)
    asked_before = referral.wish is not None
    if referral.side is not Side.SOURCE or asked_before or not await can_be_withdrawn(work, referral):
        raise not_allowed(referral.state)
    return await take_back(work, referral, reason, work.role)


async def can_be_withdrawn(work: Work, referral: Referral) -> bool:
    """Say whether there is something to take back, as far as this source knows."""
    if referral.state in {State.DRAFT, State.SUBMITTED}:
        return True
    history = [(line.entry.version, line.entry.state) for line in await work.store.log(referral.id)]
    return judge_withdrawal(history, referral.version) is Verdict.ADOPT


async def take_back(work: Work, referral: Referral, reason: str, role: str) -> Referral:
    """Withdraw locally where nobody else has a say yet, and ask the target where it may have heard of it."""
    expected = max((line.entry.version for line in canonical(await work.store.log(referral.id))), default=0)
    if referral.state in {State.DRAFT, State.SUBMITTED}:
        referral, _ = await write(work, referral, Action.WITHDRAW, role, reason=reason, provisional=referral.was_sent)
    referral = await ask_back(work, referral, expected, reason)
    return await save(work, referral)


async def ask_back(work: Work, referral: Referral, expected: int, reason: str) -> Referral:
    """Bar the person from leaving, remove what waits, and send the wish. The caller saves the referral."""
    referral = replace(await remove_waiting(work, referral), person_barred=True, update_time=work.moment)
    if not referral.was_sent:
        return referral
    referral = await post_step(work, referral, Withdrawal(expected, reason))
    return replace(referral, wish=Wish(WishKind.WITHDRAW, expected, reason))


async def remove_waiting(work: Work, referral: Referral) -> Referral:
    """Replace a released person's ciphertext that may still wait, here or at the hub, by an empty letter."""
    letter = await work.store.outgoing(referral.id, RELEASE_NUMBER)
    if letter is None or letter.delivery is not Delivery.WAITING or not letter.body:
        return referral
    await post(work, referral, RELEASE_NUMBER, b"")
    return referral


async def take_back_all(work: Work, referrals: Iterable[Referral], reason: Withdrawn) -> list[str]:
    """Withdraw every open referral of a case and ask the person's data back from ended ones; gives the open ones' ids.

    A wish that is under way is asked again with this reason, because this one goes for the data whatever became of it.
    """
    withdrawn = []
    for referral in referrals:
        if referral.open:
            await take_back(work, referral, reason, SYSTEM)
            withdrawn.append(referral.id)
        elif referral.person_released or _asks_softly(referral, reason):
            version = max((line.entry.version for line in canonical(await work.store.log(referral.id))), default=0)
            wish = referral.wish
            asked = await ask_back(work, referral, version, reason)
            await work.store.put_referral(replace(asked, wish=wish))
    return withdrawn


def _asks_softly(referral: Referral, reason: Withdrawn) -> bool:
    """Say whether a withdrawal is under way that would leave data behind if it came too late."""
    wish = referral.wish
    return wish is not None and wish.kind is WishKind.WITHDRAW and wish.reason != reason
