"""Owns when a region's offers count as fresh: rules over what was heard, with the time as an argument."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from services.common.names import RegionId

SILENCE = timedelta(minutes=3)
"""A head comes at least every minute, so after three something is wrong (federation.md, "Bootstrap")."""


@dataclass(frozen=True, slots=True)
class Membership:
    """One region of the federation."""

    region: RegionId
    display_name: str
    active: bool
    """False: it left or was shut out; nothing of it is shown."""


class CoverageState(Enum):
    """How fresh a region's offers are; names as in search.proto."""

    FRESH = "COVERAGE_STATE_FRESH"
    CATCHING_UP = "COVERAGE_STATE_CATCHING_UP"
    STALE = "COVERAGE_STATE_STALE"
    NEVER_HEARD = "COVERAGE_STATE_NEVER_HEARD"
    PAUSED = "COVERAGE_STATE_PAUSED"


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """What the database knows of a region."""

    offers: int = 0
    offers_at_owner: int | None = None
    last_head_time: datetime | None = None
    last_change_time: datetime | None = None
    parked_messages: int = 0


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """What the readers know. `heard_directly`: until when the own region's broker was read, without the hub."""

    messages_wait: bool = False
    paused_regions: frozenset[str] = frozenset()
    heard_directly: Mapping[str, datetime] | None = None


@dataclass(frozen=True, slots=True)
class RegionCoverage:
    """What this index holds of one region, and how fresh it is."""

    region: RegionId
    display_name: str
    state: CoverageState
    facts: StoredFacts

    @property
    def is_fresh(self) -> bool:
        """True when nothing need be said about it."""
        return self.state is CoverageState.FRESH


def state_of(region: str, stored: StoredFacts, reader: ReaderFacts, now: datetime) -> CoverageState:
    """Judge one region, worst first: paused, never heard, still being read, silent, fresh."""
    heard = _last_heard(region, stored, reader)
    if region in reader.paused_regions:
        return CoverageState.PAUSED
    if heard is None and stored.last_change_time is None:
        return CoverageState.NEVER_HEARD
    # Being read comes before silence: after a pause of ours the newest head may still stand in the queue.
    if reader.messages_wait:
        return CoverageState.CATCHING_UP
    if heard is None or now - heard > SILENCE:
        return CoverageState.STALE
    # A region that says it has more than we hold is not complete here, whatever the reason.
    if stored.offers_at_owner is not None and stored.offers < stored.offers_at_owner:
        return CoverageState.CATCHING_UP
    return CoverageState.FRESH


def _last_heard(region: str, stored: StoredFacts, reader: ReaderFacts) -> datetime | None:
    direct = (reader.heard_directly or {}).get(region)
    signs = [moment for moment in (stored.last_head_time, direct) if moment is not None]
    return max(signs, default=None)
