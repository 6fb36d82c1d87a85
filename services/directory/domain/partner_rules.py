"""Owns what a partner and a site must fulfil beyond the contract's own rules."""

import re
from collections.abc import Iterator
from datetime import datetime

from services.directory.domain.checks import (
    Fault,
    contact_points,
    display_name,
    every_text,
    localized_texts,
    repeats,
)
from services.directory.domain.enums import SiteKind
from services.directory.domain.hours import opening_hours
from services.directory.domain.records import Partner, Site
from services.directory.domain.values import LatLng, PostalAddress

GERMANY_LATITUDE = (47.0, 55.2)
GERMANY_LONGITUDE = (5.5, 15.5)
"""A box around Germany (Haldenwanger Eck to List, Selfkant to Neißeaue), in degrees: swapped or zero pairs fall out."""

# Two digits of the sorting centre, of which 00 is none.
_POSTCODE = re.compile(r"(?!00)[0-9]{5}")
_ADDRESS_PART = 200
_ADDRESS_LINES = 5


def partner_faults(partner: Partner, path: str, moment: datetime) -> Iterator[Fault]:
    """Find every fault of a partner."""
    yield from every_text(partner, path)
    yield from display_name(partner.display_name, f"{path}.display_name")
    yield from localized_texts(partner.texts, f"{path}.texts", partner.revision)
    yield from contact_points(partner.contacts, f"{path}.contacts", moment)
    yield from repeats([(entry.scheme, entry.value) for entry in partner.identifiers], f"{path}.identifiers", "repeats")


def site_faults(site: Site, path: str, moment: datetime) -> Iterator[Fault]:
    """Find every fault of a site."""
    yield from every_text(site, path)
    yield from display_name(site.display_name, f"{path}.display_name")
    yield from contact_points(site.contacts, f"{path}.contacts", moment)
    yield from opening_hours(site.hours, f"{path}.hours")
    if site.kind is SiteKind.VIRTUAL:
        yield from _virtual(site, path)
    if site.address is not None:
        yield from _address(site.address, f"{path}.address")
    if site.location is not None and not _in_germany(site.location):
        yield f"{path}.location", "must lie in Germany; check that latitude comes first"


def _virtual(site: Site, path: str) -> Iterator[Fault]:
    given = {"address": site.address, "district_code": site.district_code, "location": site.location}
    yield from ((f"{path}.{name}", "a virtual site has none") for name, value in given.items() if value)


def _address(address: PostalAddress, path: str) -> Iterator[Fault]:
    if address.region_code != "DE":
        yield f"{path}.region_code", 'must be "DE"'
    if _POSTCODE.fullmatch(address.postal_code) is None:
        yield f"{path}.postal_code", "must be a German postcode, five digits"
    if address.revision != 0:
        yield f"{path}.revision", "must be zero"
    if address.recipients:
        yield f"{path}.recipients", "must be empty: people stand in contacts, with their consent"
    if len(address.address_lines) > _ADDRESS_LINES:
        yield f"{path}.address_lines", f"must be at most {_ADDRESS_LINES} lines"
    parts = {
        "locality": address.locality,
        "sublocality": address.sublocality,
        "administrative_area": address.administrative_area,
        "organization": address.organization,
        "language_code": address.language_code,
        "sorting_code": address.sorting_code,
        **{f"address_lines[{place}]": line for place, line in enumerate(address.address_lines)},
    }
    for name, text in parts.items():
        if len(text) > _ADDRESS_PART:
            yield f"{path}.{name}", f"must have at most {_ADDRESS_PART} characters"


def _in_germany(place: LatLng) -> bool:
    # NaN compares false with everything, so it is refused too.
    return (
        GERMANY_LATITUDE[0] <= place.latitude <= GERMANY_LATITUDE[1]
        and GERMANY_LONGITUDE[0] <= place.longitude <= GERMANY_LONGITUDE[1]
    )
