"""Owns an explanation as a caller asks for it and as it is answered: plain values between servicer and handler."""

from dataclasses import dataclass

from services.search.domain.coverage import RegionCoverage
from services.search.domain.explaining import Finding
from services.search.domain.offers import OfferKey
from services.search.domain.ranking import Why
from services.search.domain.searching import SearchRequest, Understood


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """Which offer, for which question; `completed_topics` are steps known to be behind the person."""

    key: OfferKey
    search: SearchRequest
    completed_topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToldFinding:
    """One rule with its outcome, and its sentence in the caller's language."""

    finding: Finding
    text: str


@dataclass(frozen=True, slots=True)
class NearOffer:
    """An offer that helps instead, or first; `entry` is the serialised OfferEntry."""

    key: OfferKey
    entry: bytes
    why: tuple[Why, ...]


@dataclass(frozen=True, slots=True)
class ToldStep:
    """A step that must come first, in the caller's language, and who does it."""

    topic: str
    offer: str
    label: str
    text: str
    hard: bool
    evidence: str
    counters: tuple[NearOffer, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is answered. `place` counts from 1; 0 means not among those that can be paged through."""

    language: str
    title: str
    """Empty when its region left: nothing of it is shown."""
    place: int
    rules: tuple[ToldFinding, ...]
    why: tuple[Why, ...]
    why_not: tuple[str, ...]
    nearest: tuple[NearOffer, ...]
    missing_steps: tuple[ToldStep, ...]
    understood: Understood
    coverage: RegionCoverage
