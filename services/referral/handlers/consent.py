"""Owns consent and erasure: what a person takes back ends at once here and is asked back from everybody who has it."""

from dataclasses import replace

from services.common.errors import MendTheState
from services.referral.domain.case import Case, CaseState, erased, require_content, require_etag, with_consent
from services.referral.domain.referral import Referral
from services.referral.domain.values import NOTHING_TO_SEE, Consent, ConsentChannel, Side, Withdrawn
from services.referral.handlers.cases import case_of, owner_of
from services.referral.handlers.withdrawing import take_back_all
from services.referral.ports import ReferralQuery, Work

_ALL = 10_000
"""Referrals of one case, more than there can be."""


async def grant_consent(work: Work, case_id: str, consent: Consent) -> Case:
    """Record that the person agreed, in place of any earlier consent; raises RESOURCE_NOT_FOUND, CASE_ERASED."""
    current = await case_of(work.store, case_id)
    require_content(current)
    given = replace(consent, grant_time=work.moment, revoke_time=None)
    after = with_consent(current, given, work.moment)
    await work.store.put_case(after)
    return after


async def revoke_consent(work: Work, case_id: str, channel: ConsentChannel) -> tuple[Case, list[str]]:
    """Record that the person took it back; gives the case and the ids of referrals that are being withdrawn.

    Raises RESOURCE_NOT_FOUND, CONSENT_MISSING.
    """
    current = await case_of(work.store, case_id)
    if current.consent is None or not current.consent.holds:
        raise MendTheState("CONSENT_MISSING", "there is no consent that holds")
    revoked = replace(current.consent, revoke_time=work.moment, revoke_channel=channel)
    after = with_consent(current, revoked, work.moment)
    await work.store.put_case(after)
    return after, await take_back_all(work, await _referrals(work, case_id), Withdrawn.CONSENT_REVOKED)


async def erase_case(work: Work, case_id: str, etag: str) -> Case:
    """Erase content and keys for good; a repeat changes nothing. Raises RESOURCE_NOT_FOUND, ETAG_MISMATCH."""
    current = await case_of(work.store, case_id)
    require_etag(current, etag)
    if current.state is CaseState.ERASED:
        return current
    # Whoever has the person's data must let it go, whatever the reason: the strongest word is the right one.
    await take_back_all(work, await _referrals(work, case_id), Withdrawn.CONSENT_REVOKED)
    for referral in await _referrals(work, case_id):
        await work.store.put_referral(replace(referral, preview=NOTHING_TO_SEE, decline_text=""))
    after = erased(current, work.moment)
    await work.store.erase(owner_of(current))
    await work.store.put_case(after)
    return after


async def _referrals(work: Work, case_id: str) -> list[Referral]:
    return await work.store.referrals(ReferralQuery(side=Side.SOURCE, case_id=case_id, size=_ALL))
