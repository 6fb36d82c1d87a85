"""Owns how referrals are listed."""

from dataclasses import replace

from services.referral.domain.referral import Referral
from services.referral.ports import Position, Reading, ReferralQuery


async def list_referrals(store: Reading, query: ReferralQuery) -> tuple[list[Referral], Position | None]:
    """Give a page of referrals and the place behind it; None at the end."""
    found = await store.referrals(replace(query, size=query.size + 1))
    shown = found[: query.size]
    return shown, Position(shown[-1].create_time, shown[-1].id) if len(found) > query.size else None
