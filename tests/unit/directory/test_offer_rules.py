"""What an offer must fulfil beyond the contract, and what the public needs of it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.directory.domain.enums import CostKind, LanguageMode, OfferScope
from services.directory.domain.offer import ConsultationLanguage, Cost, Offer, OfferSite, Prerequisite
from services.directory.domain.publishing import missing_for_public, over_before_it_begins
from services.directory.domain.values import Catchment, LocalizedText, Money, OpeningHours, PostcodeRange
from tests.unit.directory.records import GERMAN, MAILBOX, a_partner, a_site, an_offer, offer_paths

EURO = Money(currency_code="EUR", units=20, nanos=500_000_000)
PAID = Cost(kind=CostKind.PAID, amount=EURO)
SPOKEN = ConsultationLanguage(language_code="uk", mode=LanguageMode.SPOKEN)
HERE = OfferSite(site="regions/dresden/sites/altmarkt")
STEP = Prerequisite(topic="recognition")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"cost": PAID},
        {"cost": Cost(kind=CostKind.FUNDABLE, amount=EURO, note="Bildungsgutschein\nmöglich")},
        {"cost": Cost(kind=CostKind.FREE)},
        {"consultation_languages": (SPOKEN, replace(SPOKEN, mode=LanguageMode.INTERPRETED))},
        {"valid_from": date(2026, 1, 1), "valid_until": date(2026, 1, 1)},
        {"prerequisites": (STEP, replace(STEP, topic="language"))},
    ],
)
def test_an_honest_offer_is_taken(fields: dict[str, Any]) -> None:
    assert offer_paths(**fields) == []


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"cost": Cost(kind=CostKind.FREE, amount=EURO)}, "offer.cost.amount"),
        ({"cost": Cost(amount=EURO)}, "offer.cost.amount"),
        ({"cost": replace(PAID, amount=replace(EURO, currency_code="USD"))}, "offer.cost.amount.currency_code"),
        ({"cost": replace(PAID, amount=replace(EURO, units=-1))}, "offer.cost.amount.units"),
        ({"cost": replace(PAID, amount=replace(EURO, units=10**9))}, "offer.cost.amount.units"),
        ({"cost": replace(PAID, amount=replace(EURO, nanos=-10_000_000))}, "offer.cost.amount.nanos"),
        ({"cost": replace(PAID, amount=replace(EURO, nanos=1))}, "offer.cost.amount.nanos"),
        ({"cost": replace(PAID, amount=replace(EURO, nanos=1_000_000_000))}, "offer.cost.amount.nanos"),
        ({"consultation_languages": (SPOKEN, SPOKEN)}, "offer.consultation_languages[1]"),
        (
            {"consultation_languages": (replace(SPOKEN, language_code="ukr"),)},
            "offer.consultation_languages[0].language_code",
        ),
        ({"valid_from": date(2026, 1, 2), "valid_until": date(2026, 1, 1)}, "offer.valid_until"),
        ({"sites": (HERE, HERE)}, "offer.sites[1]"),
        ({"sites": (replace(HERE, hours=OpeningHours(time_zone="Mars/Base")),)}, "offer.sites[0].hours.time_zone"),
        ({"sites": (replace(HERE, contacts=(replace(MAILBOX, primary=True),) * 2),)}, "offer.sites[0].contacts"),
        ({"prerequisites": (STEP, STEP)}, "offer.prerequisites[1]"),
        ({"prerequisites": (replace(STEP, evidence="Bescheid\u202e"),)}, "offer.prerequisites[0].evidence"),
        ({"texts": (GERMAN, GERMAN)}, "offer.texts[1]"),
        ({"contacts": (replace(MAILBOX, primary=True),) * 2}, "offer.contacts"),
        ({"hours": OpeningHours(time_zone="Nowhere")}, "offer.hours.time_zone"),
        ({"provenance": "Import\x07"}, "offer.provenance"),
    ],
)
def test_an_offer_that_breaks_a_rule_is_named_by_its_field(fields: dict[str, Any], path: str) -> None:
    assert offer_paths(**fields) == [path]


def missing(offer: Offer, **partner: Any) -> list[str]:
    return sorted(path for path, _ in missing_for_public(offer, a_partner(**partner), [a_site()]))


def test_a_complete_offer_lacks_nothing() -> None:
    assert missing(an_offer()) == []


def test_an_empty_offer_lacks_everything_at_once() -> None:
    bare = an_offer(texts=(), topics=(), audiences=(), catchment=None)
    fields = ["audiences", "catchment", "contacts", "texts", "topics"]
    assert missing(bare, contacts=()) == [f"offer.{field}" for field in fields]


def test_one_language_must_say_more_than_a_title() -> None:
    title_only = LocalizedText(language_code="de", title="Erstberatung", summary=" ")
    assert missing(an_offer(texts=(title_only,))) == ["offer.texts"]
    assert missing(an_offer(texts=(title_only, replace(GERMAN, language_code="en")))) == []


@pytest.mark.parametrize(
    ("scope", "catchment", "lacks"),
    [
        (OfferScope.REGION, Catchment(), ["offer.catchment"]),
        (OfferScope.REGION, Catchment(postcode_ranges=(PostcodeRange(first="01000", last="01999"),)), []),
        (OfferScope.SAXONY, None, []),
        (OfferScope.FEDERAL, None, []),
    ],
)
def test_only_a_regional_offer_needs_a_catchment(
    scope: OfferScope, catchment: Catchment | None, lacks: list[str]
) -> None:
    assert missing(an_offer(scope=scope, catchment=catchment)) == lacks


def test_a_contact_may_come_from_offer_its_sites_or_partner() -> None:
    bare = an_offer()
    assert missing(bare, contacts=()) == ["offer.contacts"]
    assert missing(replace(bare, contacts=(MAILBOX,)), contacts=()) == []
    assert missing(replace(bare, sites=(replace(HERE, contacts=(MAILBOX,)),)), contacts=()) == []
    assert list(missing_for_public(bare, a_partner(contacts=()), [a_site(contacts=(MAILBOX,))])) == []


def test_what_is_over_is_not_published() -> None:
    today = date(2026, 11, 22)
    assert list(over_before_it_begins(an_offer(valid_until=date(2026, 11, 21)), today))
    assert not list(over_before_it_begins(an_offer(valid_until=today), today))
    assert not list(over_before_it_begins(an_offer(), today))
