"""Owns the parts that all records share. Field names are those of the contract, so one mapper serves all.

Absent text is "", an absent part is None, an absent list is (). Nothing here checks itself: the rules do, all at once.
"""

import datetime
from dataclasses import dataclass

from services.directory.domain.enums import Weekday


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalizedText:
    """What people read about a thing, in one language (BCP 47)."""

    language_code: str = ""
    title: str = ""
    summary: str = ""
    description: str = ""
    machine_translated: bool = False
    source_revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPoint:
    """A way to reach somebody; a person is named only with the time of their consent."""

    role: str = ""
    email: str = ""
    phone: str = ""
    url: str = ""
    primary: bool = False
    person_name: str = ""
    person_consent_time: datetime.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningPeriod:
    """One stretch of opening on one weekday, "HH:MM" wall time, 24:00 as the latest end."""

    weekday: Weekday = Weekday.UNSPECIFIED
    opens: str = ""
    closes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningException:
    """A day on which the weekly pattern does not hold."""

    date: datetime.date | None = None
    closed: bool = False
    opens: str = ""
    closes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningHours:
    """When a counter is open; "" as time zone means Europe/Berlin."""

    time_zone: str = ""
    periods: tuple[OpeningPeriod, ...] = ()
    exceptions: tuple[OpeningException, ...] = ()
    by_appointment: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostcodeRange:
    """German postcodes from first to last, both included."""

    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catchment:
    """Where somebody must live or work: district codes (AGS, five digits) or postcode ranges."""

    district_codes: tuple[str, ...] = ()
    postcode_ranges: tuple[PostcodeRange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount: whole units and billionths of a unit."""

    currency_code: str = ""
    units: int = 0
    nanos: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LatLng:
    """WGS 84, degrees."""

    latitude: float = 0.0
    longitude: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress:
    """An address as google.type.PostalAddress writes it."""

    revision: int = 0
    region_code: str = ""
    language_code: str = ""
    postal_code: str = ""
    sorting_code: str = ""
    administrative_area: str = ""
    locality: str = ""
    sublocality: str = ""
    address_lines: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    organization: str = ""
