"""Owns what an offer is: what a partner does for people, companies or labour-market actors."""

from dataclasses import dataclass
from datetime import date, datetime

from services.directory.domain.enums import (
    Audience,
    CostKind,
    LanguageMode,
    OfferFormat,
    OfferKind,
    OfferScope,
    OfferState,
    PrerequisiteState,
    ReviewRhythm,
    TargetGroup,
)
from services.directory.domain.records import Record
from services.directory.domain.values import Catchment, ContactPoint, LocalizedText, Money, OpeningHours


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultationLanguage:
    """A language (BCP 47) in which one is advised."""

    language_code: str = ""
    mode: LanguageMode = LanguageMode.UNSPECIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The price of an offer; an amount only where something is to be paid."""

    kind: CostKind = CostKind.UNSPECIFIED
    amount: Money | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prerequisite:
    """Something that must be there first: a topic or an offer, never both."""

    topic: str = ""
    offer: str = ""
    state: PrerequisiteState = PrerequisiteState.UNSPECIFIED
    hard: bool = False
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferSite:
    """One site at which an offer is given, and where it differs from the site's own data."""

    site: str = ""
    hours: OpeningHours | None = None
    consultation_languages: tuple[ConsultationLanguage, ...] = ()
    contacts: tuple[ContactPoint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How many can take part."""

    places_total: int = 0
    places_free: int = 0
    waiting_list: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(Record):
    """What a partner does. `confirm_time` and `review_due_date` are set by publishing and confirming only."""

    state: OfferState = OfferState.DRAFT
    kind: OfferKind = OfferKind.UNSPECIFIED
    partner: str = ""
    sites: tuple[OfferSite, ...] = ()
    texts: tuple[LocalizedText, ...] = ()
    topics: tuple[str, ...] = ()
    audiences: tuple[Audience, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()
    scope: OfferScope = OfferScope.UNSPECIFIED
    catchment: Catchment | None = None
    consultation_languages: tuple[ConsultationLanguage, ...] = ()
    formats: tuple[OfferFormat, ...] = ()
    cost: Cost | None = None
    prerequisites: tuple[Prerequisite, ...] = ()
    contacts: tuple[ContactPoint, ...] = ()
    hours: OpeningHours | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    review_rhythm: ReviewRhythm = ReviewRhythm.UNSPECIFIED
    confirm_time: datetime | None = None
    review_due_date: date | None = None
    capacity: Capacity | None = None
    provenance: str = ""

    @property
    def public(self) -> bool:
        """Say whether it was published at some time: paused and ended offers are public too."""
        return self.state is not OfferState.DRAFT

    @property
    def title(self) -> str:
        """Give the German title, else the first one, else "": what lists are sorted by."""
        german = (text.title for text in self.texts if text.language_code.partition("-")[0] == "de")
        return next(german, self.texts[0].title if self.texts else "")

    @property
    def site_names(self) -> tuple[str, ...]:
        """Give the names of its sites, in its own order."""
        return tuple(at.site for at in self.sites)
