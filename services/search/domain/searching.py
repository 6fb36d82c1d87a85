"""Owns a search as a caller asks it and as it is answered: plain values between servicer and handler."""

from dataclasses import dataclass, field

from services.common.names import RegionId
from services.search.domain.coverage import RegionCoverage
from services.search.domain.highlights import Segment
from services.search.domain.offers import OfferKey, StoredEntry
from services.search.domain.questions import FacetField, OfferFilter, ScorePart
from services.search.domain.ranking import Why

DEFAULT_HITS, MOST_HITS = 10, 50
DEFAULT_SUGGESTIONS, MOST_SUGGESTIONS = 8, 20


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What a caller asks."""

    text: str
    language: str
    """For labels and reasons, BCP 47."""
    filter: OfferFilter = field(default_factory=OfferFilter)
    caller_district: str = ""
    page_size: int = DEFAULT_HITS
    page_token: str = ""
    facets: tuple[FacetField, ...] = ()
    explain: bool = False
    """True: also say how the text was understood and how each hit got its score."""

    @property
    def identity(self) -> bytes:
        """Say which question this is: a page token is good for the same one only."""
        return repr((self.text, self.language, self.filter, self.caller_district)).encode()


@dataclass(frozen=True, slots=True)
class LabelledConcept:
    """A concept the question was linked to, named in the caller's language."""

    id: str
    label: str
    weight: float
    matched_label: str
    matched_language: str


@dataclass(frozen=True, slots=True)
class UnderstandingStep:
    """One step of understanding, named in the caller's language; may hold what was typed, so it is never logged."""

    name: str
    found: str


@dataclass(frozen=True, slots=True)
class Understood:
    """What was understood of the text, as the caller is told."""

    language: str
    concepts: tuple[LabelledConcept, ...] = ()
    districts: tuple[str, ...] = ()
    abstained: bool = False
    suggestions: tuple[LabelledConcept, ...] = ()
    consultation_languages: tuple[str, ...] = ()
    steps: tuple[UnderstandingStep, ...] = ()
    """Only when they were asked for."""


@dataclass(frozen=True, slots=True)
class Highlight:
    """A text of the offer in pieces; `field` as in search.proto."""

    field: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """One offer found, with the reasons."""

    key: OfferKey
    entry: bytes
    score: float
    why: tuple[Why, ...]
    highlights: tuple[Highlight, ...]
    review_overdue: bool
    automatic_topics: tuple[str, ...]
    score_parts: tuple[ScorePart, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelledCount:
    """One value of a facet for people."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """What is answered."""

    hits: tuple[Hit, ...]
    next_page_token: str
    total: int
    total_is_lower_bound: bool
    understood: Understood
    facets: tuple[tuple[FacetField, tuple[LabelledCount, ...]], ...]
    coverage: tuple[RegionCoverage, ...]
    """Regions that are not fresh."""


@dataclass(frozen=True, slots=True)
class OfferAnswer:
    """One offer as last heard, and how fresh it is."""

    stored: StoredEntry
    coverage: RegionCoverage


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A concept that fits what was typed so far."""

    id: str
    label: str
    language: str
    german_label: str


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A place that fits what was typed so far, with the codes of its districts."""

    label: str
    districts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundPartner:
    """A partner that fits what was typed so far."""

    name: str
    """Resource name."""
    display_name: str
    region: RegionId


@dataclass(frozen=True, slots=True)
class Suggestions:
    """All that fits what was typed so far, each sort best first."""

    concepts: tuple[Suggestion, ...] = ()
    places: tuple[FoundPlace, ...] = ()
    partners: tuple[FoundPartner, ...] = ()
