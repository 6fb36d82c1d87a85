"""Owns the small values that cases and referrals are made of. Nothing of a person shows in a repr."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

UNSPECIFIED = "unspecified"


class State(StrEnum):
    """Where a referral stands; UNSPECIFIED is before its first entry."""

    UNSPECIFIED = UNSPECIFIED
    DRAFT = "draft"
    SUBMITTED = "submitted"
    DELIVERED = "delivered"
    IN_REVIEW = "in-review"
    ACCEPTED = "accepted"
    IN_SERVICE = "in-service"
    COMPLETED = "completed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    UNDELIVERABLE = "undeliverable"
    CLOSED = "closed"


class Side(StrEnum):
    """Which side of a referral a node is."""

    UNSPECIFIED = UNSPECIFIED
    SOURCE = "source"
    TARGET = "target"


class DeclineReason(StrEnum):
    """Why a target declines."""

    UNSPECIFIED = UNSPECIFIED
    NOT_RESPONSIBLE = "not-responsible"
    OUTSIDE_CATCHMENT = "outside-catchment"
    NO_CAPACITY = "no-capacity"
    PREREQUISITE_MISSING = "prerequisite-missing"
    NO_LANGUAGE = "no-language"
    OFFER_ENDED = "offer-ended"
    OTHER = "other"


class OutcomeCode(StrEnum):
    """How a referral ended."""

    UNSPECIFIED = UNSPECIFIED
    SOLVED = "solved"
    PARTLY_SOLVED = "partly-solved"
    REFERRED_ON = "referred-on"
    CONTACT_LOST = "contact-lost"
    NOT_SOLVED = "not-solved"


class Urgency(StrEnum):
    """How soon help is needed."""

    UNSPECIFIED = UNSPECIFIED
    NORMAL = "normal"
    SOON = "soon"
    AT_ONCE = "at-once"


class Audience(StrEnum):
    """Whom a case is about, or whom an offer serves."""

    UNSPECIFIED = UNSPECIFIED
    PERSON = "person"
    COMPANY = "company"
    ACTOR = "actor"


class ConsentChannel(StrEnum):
    """How a consent was given."""

    UNSPECIFIED = UNSPECIFIED
    IN_PERSON = "in-person"
    PHONE = "phone"
    WRITTEN = "written"
    ONLINE = "online"


class Withdrawn(StrEnum):
    """Why a source takes a referral back."""

    CONSENT_REVOKED = "consent-revoked"
    SOLVED_OTHERWISE = "solved-otherwise"
    MISTAKE = "mistake"
    OTHER = "other"


class Undelivered(StrEnum):
    """Why a referral could not be brought to its target."""

    REGION_UNKNOWN = "region-unknown"
    REFUSED = "refused"
    NO_ANSWER = "no-answer"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something known of the situation: a concept id or another token, and what is known of it."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """Who it is. Lives only in memory of a call and in sealed columns."""

    name: str
    birth_date: date | None = None
    email: str = ""
    phone: str = ""
    address: str = ""
    note: str = ""

    def __repr__(self) -> str:
        """Show nothing: a person must not come into a log by way of an exception."""
        return "Person(…)"


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person agreed to; `revoke_time` None: it holds."""

    text_version: str
    language_code: str
    purpose: str
    channel: ConsentChannel
    grant_time: datetime | None = None
    revoke_time: datetime | None = None
    revoke_channel: ConsentChannel = ConsentChannel.UNSPECIFIED

    @property
    def holds(self) -> bool:
        """Whether it was given and not taken back."""
        return self.grant_time is not None and self.revoke_time is None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a target sees before it accepts."""

    topics: tuple[str, ...] = ()
    language_code: str = ""
    district_code: str = ""
    audience: Audience = Audience.UNSPECIFIED
    urgency: Urgency = Urgency.UNSPECIFIED
    document_kinds: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    person_follows: bool = False


NOTHING_TO_SEE = Preview()
"""What is left of a preview once a case was erased or a consent revoked."""
