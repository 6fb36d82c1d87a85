"""Owns what the index knows of an offer: plain values, whole enough to search, filter, count and show it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from services.common.names import RegionId

FIRST_DAY = date(1970, 1, 1)
"""Stands for "valid at once": a real date in every document keeps the filter one cheap range."""
LAST_DAY = date(9999, 12, 31)
"""Stands for "no end", and for "no review due"."""

CLEAR_TOPIC = 0.75
"""From this weight on a topic is right more often than a publisher would want to correct it."""

FREE, WAITING_LIST, FULL, NOT_STATED = "free", "waiting_list", "full", "not_stated"
"""Whether an offer has free places, as filters and facets name it; NOT_STATED where nothing is said of places."""


@dataclass(frozen=True, slots=True)
class OfferKey:
    """Which offer: its region and its id there."""

    region: RegionId
    id: str

    def __str__(self) -> str:
        """Give the id of its document."""
        return f"{self.region}/{self.id}"

    @property
    def name(self) -> str:
        """Its resource name."""
        return f"regions/{self.region}/offers/{self.id}"


def parse_key(text: str) -> OfferKey:
    """Take a document's id apart."""
    region, _, record_id = text.partition("/")
    return OfferKey(RegionId(region), record_id)


@dataclass(frozen=True, slots=True)
class OfferText:
    """What people read about an offer in one language (BCP 47)."""

    language: str
    title: str
    summary: str
    description: str


@dataclass(frozen=True, slots=True)
class AutomaticTopic:
    """A concept found in an offer's text by machine, with how sure that is, above 0 to 1."""

    id: str
    weight: float

    @property
    def is_clear(self) -> bool:
        """True: shown, counted and filtered by. Weaker ones only help to find the offer."""
        return self.weight >= CLEAR_TOPIC


def clear_ids(topics: Iterable[AutomaticTopic]) -> tuple[str, ...]:
    """Name the topics that are shown."""
    return tuple(topic.id for topic in topics if topic.is_clear)


@dataclass(frozen=True, slots=True)
class OfferDocument:
    """All that is searched, filtered or shown of one offer. Enum values stand by their proto names."""

    key: OfferKey
    state: str
    kind: str
    scope: str
    cost: str
    texts: tuple[OfferText, ...]
    partner_names: tuple[str, ...]
    topics: tuple[str, ...]
    automatic_topics: tuple[AutomaticTopic, ...]
    audiences: tuple[str, ...]
    consultation_languages: tuple[str, ...]
    formats: tuple[str, ...]
    districts: tuple[str, ...]
    locations: tuple[tuple[float, float], ...]
    """Latitude and longitude of its sites (WGS 84)."""
    valid_from: date
    valid_until: date
    review_due: date
    update_time: datetime
    entry: bytes
    """The serialised OfferEntry, handed on as it came."""
    partner_name: str = ""
    """Resource name of its partner."""
    free_places: str = NOT_STATED
    """FREE, WAITING_LIST, FULL or NOT_STATED."""


@dataclass(frozen=True, slots=True)
class IndexChange:
    """One offer as of one version; no document means that it is gone, and the index remembers that."""

    key: OfferKey
    version: int
    """epoch · 2^40 + revision."""
    document: OfferDocument | None


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An offer as the inbox keeps it, enough to rebuild its document."""

    key: OfferKey
    version: int
    deleted: bool
    read_time: datetime
    body: bytes
    """Empty when deleted."""
    automatic_topics: tuple[AutomaticTopic, ...]
    topics_by: str
    """Fingerprint of the thesaurus that found the automatic topics."""
