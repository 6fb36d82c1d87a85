"""Owns what a search asks of the index and what comes back: engine-independent, so that ranking can be tested."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from services.common.names import RegionId
from services.search.domain.offers import OfferKey

MOST_RANKED = 200
"""How many hits can be paged through."""
MOST_COUNTED = 10_000
"""Where counting of all matches stops."""
MOST_FACET_VALUES = 50


class FacetField(StrEnum):
    """Fields that can be counted; the value is the field of the document."""

    REGION = "region"
    TOPIC = "all_topics"
    AUDIENCE = "audiences"
    CONSULTATION_LANGUAGE = "consultation_languages"
    FORMAT = "formats"
    KIND = "kind"
    FREE_PLACES = "free_places"


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle on the map: degrees (WGS 84) and kilometres."""

    latitude: float
    longitude: float
    radius_km: int


@dataclass(frozen=True, slots=True)
class OfferFilter:
    """Narrows a search: fields by AND, values within a field by OR, empty fields not at all."""

    regions: tuple[str, ...] = ()
    district_codes: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    consultation_languages: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    free_of_charge: bool = False
    circle: Circle | None = None
    only_with_free_places: bool = False


@dataclass(frozen=True, slots=True)
class AskedConcept:
    """A concept the question was linked to, with what German offers call it."""

    id: str
    weight: float
    """How sure, 0 to 1."""
    german_label: str


@dataclass(frozen=True, slots=True)
class Question:
    """What the index is asked. Empty `words` and `concepts`: all offers that pass the filter, newest first."""

    today: date
    """Day in Saxony, for validity and reviews."""
    words: str = ""
    """The words typed, bounded in number (`domain.words`)."""
    folded: str = ""
    """The same words, folded."""
    languages: tuple[str, ...] = ("de",)
    """Language fields to look into."""
    concepts: tuple[AskedConcept, ...] = ()
    topics: tuple[tuple[str, float], ...] = ()
    """Concepts to look for with their weights, 0 to 1: the ones asked, and a little less their neighbours."""
    german_words: tuple[tuple[str, float], ...] = ()
    """Words that German offers use for these topics, with their weights, 0 to 1."""
    german_parts: str = ""
    """What German compounds among the words typed are made of."""
    typed: str = ""
    """The folded words as they were typed, where `words` are another reading of the same keys."""
    names: str = ""
    """Folded words that no topic knows: together perhaps the name of an offer or a partner."""
    literal_only: bool = False
    """True: nothing was understood, so only all words together, or a phrase of title or partner, count."""
    fuzzy: bool = False
    """True: words may be misspelt; asked only after few hits."""
    audience: str | None = None
    """Raises offers for this audience; never filters."""
    districts: tuple[str, ...] = ()
    """Raises offers for these districts, and Saxony-wide ones a little less; never filters. 14 is the state."""
    filter: OfferFilter = field(default_factory=OfferFilter)
    hidden_regions: tuple[RegionId, ...] = ()
    """Regions that left or were shut out: never shown, whatever the index still holds."""

    @property
    def asks_for_all(self) -> bool:
        """True when only the filter decides."""
        return not (self.words or self.folded or self.concepts)


@dataclass(frozen=True, slots=True)
class ScorePart:
    """What one fact adds to a hit's score."""

    name: str
    """As search.proto lists them."""
    score: float


@dataclass(frozen=True, slots=True)
class FoundOffer:
    """One hit as the index gives it."""

    key: OfferKey
    score: float
    entry: bytes
    topics: tuple[str, ...]
    automatic_topics: tuple[str, ...]
    districts: tuple[str, ...]
    scope: str
    review_due: date
    words_match: bool
    """True: words of the question stand in it."""
    highlights: tuple[tuple[str, str], ...]
    """Field ("title", "summary", "description", "partner") and the whole text with marks (`domain.highlights`)."""
    score_parts: tuple[ScorePart, ...] = ()
    """What `score` is made of, highest first; only when it was asked for."""


@dataclass(frozen=True, slots=True)
class FacetCount:
    """One value of a facet and how many offers have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """Which offers match, best first, how many there are, and the counts asked for."""

    ids: tuple[str, ...] = ()
    """Document ids, at most MOST_RANKED."""
    total: int = 0
    total_is_lower_bound: bool = False
    facets: tuple[tuple[FacetField, tuple[FacetCount, ...]], ...] = ()
