"""What partners and sites must fulfil beyond the contract."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.directory.domain.enums import SiteKind
from services.directory.domain.records import Identifier
from services.directory.domain.values import ContactPoint, LatLng, LocalizedText, PostalAddress
from tests.unit.directory.records import GERMAN, MAILBOX, MOMENT, partner_paths, site_paths

ADDRESS = PostalAddress(region_code="DE", postal_code="01067", locality="Dresden", address_lines=("Altmarkt 1",))
NAMED = ContactPoint(email="beratung@example.org", person_name="A. Beispiel", person_consent_time=MOMENT)


def web(url: str) -> dict[str, Any]:
    return {"contacts": (ContactPoint(url=url),)}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"texts": (GERMAN, replace(GERMAN, language_code="uk", source_revision=1))},
        {"contacts": (replace(MAILBOX, primary=True), MAILBOX, NAMED)},
        web("https://www.example.org/beratung?x=1"),
        web("http://xn--mnchen-3ya.example/"),
        {"identifiers": (Identifier(scheme="a", value="1"), Identifier(scheme="a", value="2"))},
    ],
)
def test_an_honest_partner_is_taken(fields: dict[str, Any]) -> None:
    assert partner_paths(**fields) == []


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"display_name": "–––"}, "partner.display_name"),
        ({"display_name": "Welcome\u200bCenter"}, "partner.display_name"),
        ({"alternate_names": ("WCD", "<b>WCD</b>")}, "partner.alternate_names[1]"),
        ({"funders": ("Freistaat\nSachsen",)}, "partner.funders[0]"),
        ({"texts": (GERMAN, GERMAN)}, "partner.texts[1]"),
        ({"texts": (replace(GERMAN, language_code="deu"),)}, "partner.texts[0].language_code"),
        ({"texts": (replace(GERMAN, title=" - "),)}, "partner.texts[0].title"),
        ({"texts": (replace(GERMAN, source_revision=2),)}, "partner.texts[0].source_revision"),
        ({"contacts": (replace(MAILBOX, primary=True),) * 2}, "partner.contacts"),
        (
            {"contacts": (replace(NAMED, person_consent_time=MOMENT + timedelta(seconds=1)),)},
            "partner.contacts[0].person_consent_time",
        ),
        ({"contacts": (replace(NAMED, person_name=""),)}, "partner.contacts[0].person_consent_time"),
        ({"identifiers": (Identifier(scheme="a", value="1"),) * 2}, "partner.identifiers[1]"),
        (web("http://127.0.0.1/"), "partner.contacts[0].url"),
        (web("http://10.0.0.1:8080/x"), "partner.contacts[0].url"),
        (web("http://1.2.3.4.5/"), "partner.contacts[0].url"),
        (web("http://[::1]/"), "partner.contacts[0].url"),
        (web("http://drucker.local/"), "partner.contacts[0].url"),
        (web("http://app.localhost/"), "partner.contacts[0].url"),
        (web("http://user@example.org/"), "partner.contacts[0].url"),
        (web("https://example.org:99999/"), "partner.contacts[0].url"),
        (
            {"texts": (LocalizedText(language_code="de", title="A", description="x<p>y"),)},
            "partner.texts[0].description",
        ),
    ],
)
def test_a_partner_that_breaks_a_rule_is_named_by_its_field(fields: dict[str, Any], path: str) -> None:
    assert partner_paths(**fields) == [path]


def test_all_faults_are_named_at_once() -> None:
    broken = {"display_name": "!", "texts": (replace(GERMAN, language_code="xx"),), **web("http://127.0.0.1/")}
    assert partner_paths(**broken) == [
        "partner.contacts[0].url",
        "partner.display_name",
        "partner.texts[0].language_code",
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"address": ADDRESS, "location": LatLng(latitude=51.05, longitude=13.74), "district_code": "14612"},
        {"kind": SiteKind.VIRTUAL},
        {"accessibility_note": "Rampe.\n\nAufzug."},
    ],
)
def test_an_honest_site_is_taken(fields: dict[str, Any]) -> None:
    assert site_paths(**fields) == []


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"location": LatLng(latitude=13.74, longitude=51.05)}, ["site.location"]),
        ({"location": LatLng()}, ["site.location"]),
        ({"location": LatLng(latitude=float("nan"), longitude=13.0)}, ["site.location"]),
        ({"location": LatLng(latitude=51.0, longitude=15.6)}, ["site.location"]),
        ({"address": replace(ADDRESS, postal_code="1067")}, ["site.address.postal_code"]),
        ({"address": replace(ADDRESS, postal_code="00123")}, ["site.address.postal_code"]),
        ({"address": replace(ADDRESS, postal_code="0106٧")}, ["site.address.postal_code"]),
        (
            {"address": replace(ADDRESS, region_code="AT", postal_code="1010")},
            ["site.address.postal_code", "site.address.region_code"],
        ),
        ({"address": replace(ADDRESS, recipients=("A. Beispiel",))}, ["site.address.recipients"]),
        ({"address": replace(ADDRESS, revision=1)}, ["site.address.revision"]),
        ({"address": replace(ADDRESS, address_lines=("x",) * 6)}, ["site.address.address_lines"]),
        ({"address": replace(ADDRESS, locality="x" * 201)}, ["site.address.locality"]),
        ({"address": replace(ADDRESS, locality="Dres\x00den")}, ["site.address.locality"]),
        (
            {"kind": SiteKind.VIRTUAL, "district_code": "14612", "address": ADDRESS},
            ["site.address", "site.district_code"],
        ),
        ({"display_name": "?"}, ["site.display_name"]),
    ],
)
def test_a_site_that_breaks_a_rule_is_named_by_its_field(fields: dict[str, Any], paths: list[str]) -> None:
    assert site_paths(**fields) == paths
