"""Reads one offer as last heard, with the freshness of its region."""

from services.common.errors import CheckTheName
from services.search.domain.coverage import CoverageState, RegionCoverage, StoredFacts
from services.search.domain.offers import OfferKey
from services.search.domain.searching import OfferAnswer
from services.search.handlers.parts import SearchParts


async def get_offer(key: OfferKey, parts: SearchParts) -> OfferAnswer:
    """Read one offer of a member region, searchable or not. Raises RESOURCE_NOT_FOUND.

    It comes from what was read, not from the engine: it is there while the engine is away, and never a moment late.
    """
    active = any(member.active for member in parts.federation.members() if member.region == key.region)
    answer = await offer_of(key, parts) if active else None
    if answer is None:
        raise CheckTheName("RESOURCE_NOT_FOUND", "no offer of that name is known here")
    return answer


async def offer_of(key: OfferKey, parts: SearchParts) -> OfferAnswer | None:
    """Read one offer of a region that belongs or once belonged; None when it is unknown or deleted."""
    member = next((member for member in parts.federation.members() if member.region == key.region), None)
    stored = await parts.entries.find(key) if member is not None else None
    if stored is None or stored.deleted or member is None:
        return None
    regions = parts.freshness.current(parts.clock())
    unknown = RegionCoverage(key.region, member.display_name, CoverageState.NEVER_HEARD, StoredFacts())
    return OfferAnswer(stored, next((region for region in regions if region.region == key.region), unknown))
