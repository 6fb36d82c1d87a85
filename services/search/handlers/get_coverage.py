"""Says for each region how fresh and complete this index is."""

from services.search.domain.coverage import RegionCoverage
from services.search.handlers.parts import SearchParts


async def get_coverage(parts: SearchParts) -> tuple[RegionCoverage, ...]:
    """Give every active member, sorted by region, as of now. Raises DATABASE_UNAVAILABLE."""
    return tuple(await parts.freshness.exact(parts.clock()))
