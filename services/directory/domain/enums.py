"""Owns the closed lists of the directory; names are those of the contract without its prefix.

`UNSPECIFIED` stands for what the contract calls unspecified; where that is refused, the rules refuse it.
"""

from enum import StrEnum


class PartnerKind(StrEnum):
    """What sort of institution a partner is."""

    UNSPECIFIED = "unspecified"
    WELCOME_CENTRE = "welcome_centre"
    COUNSELLING_BODY = "counselling_body"
    CHAMBER = "chamber"
    AUTHORITY = "authority"
    EMPLOYMENT_AGENCY = "employment_agency"
    EDUCATION_PROVIDER = "education_provider"
    RECRUITER = "recruiter"
    BRANCH_NETWORK = "branch_network"
    ALLIANCE = "alliance"
    FOREIGN_MISSION = "foreign_mission"
    ECONOMIC_DEVELOPMENT = "economic_development"
    SERVICE_POINT = "service_point"


class Audience(StrEnum):
    """Whom an offer or a partner serves."""

    UNSPECIFIED = "unspecified"
    PERSON = "person"
    COMPANY = "company"
    ACTOR = "actor"


class SiteKind(StrEnum):
    """Whether people go there or meet online."""

    UNSPECIFIED = "unspecified"
    POSTAL = "postal"
    VIRTUAL = "virtual"


class WheelchairAccess(StrEnum):
    """Whether a wheelchair user gets in; unspecified means not known."""

    UNSPECIFIED = "unspecified"
    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


class OfferKind(StrEnum):
    """What sort of thing is offered."""

    UNSPECIFIED = "unspecified"
    COUNSELLING = "counselling"
    QUALIFICATION_MEASURE = "qualification_measure"
    TRAINING = "training"
    INFORMATION_EVENT = "information_event"
    PROJECT = "project"
    FUNDING = "funding"
    INFORMATION_PAGE = "information_page"
    HOTLINE = "hotline"
    NETWORKING = "networking"
    PLACEMENT = "placement"


class OfferState(StrEnum):
    """Where an offer stands in its life."""

    UNSPECIFIED = "unspecified"
    DRAFT = "draft"
    PUBLISHED = "published"
    PAUSED = "paused"
    ENDED = "ended"


class TargetGroup(StrEnum):
    """Which people an offer is for, in more detail than Audience."""

    UNSPECIFIED = "unspecified"
    REFUGEE = "refugee"
    NON_EU = "non_eu"
    EU = "eu"
    ABROAD = "abroad"
    ALREADY_HERE = "already_here"
    RETURNING = "returning"
    APPRENTICE = "apprentice"


class OfferScope(StrEnum):
    """How far an offer reaches."""

    UNSPECIFIED = "unspecified"
    REGION = "region"
    SAXONY = "saxony"
    FEDERAL = "federal"


class OfferFormat(StrEnum):
    """How one takes part."""

    UNSPECIFIED = "unspecified"
    ON_SITE = "on_site"
    VIDEO = "video"
    PHONE = "phone"
    MAIL = "mail"


class LanguageMode(StrEnum):
    """Whether somebody at the counter speaks a language, or an interpreter comes."""

    UNSPECIFIED = "unspecified"
    SPOKEN = "spoken"
    INTERPRETED = "interpreted"


class CostKind(StrEnum):
    """What it costs; unspecified means not known."""

    UNSPECIFIED = "unspecified"
    FREE = "free"
    PAID = "paid"
    FUNDABLE = "fundable"


class PrerequisiteState(StrEnum):
    """How far a required step must have come."""

    UNSPECIFIED = "unspecified"
    STARTED = "started"
    DECIDED = "decided"


class ReviewRhythm(StrEnum):
    """How often the owner looks whether all of it still holds; unspecified means yearly."""

    UNSPECIFIED = "unspecified"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"


class Weekday(StrEnum):
    """Days of the week."""

    UNSPECIFIED = "unspecified"
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
