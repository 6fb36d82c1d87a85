"""Records that break no rule, to be broken one field at a time."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.directory.domain.checks import Fault
from services.directory.domain.enums import Audience, OfferKind, OfferScope, OfferState, PartnerKind, SiteKind
from services.directory.domain.offer import Offer, OfferSite
from services.directory.domain.offer_rules import offer_faults
from services.directory.domain.partner_rules import partner_faults, site_faults
from services.directory.domain.records import Partner, Site
from services.directory.domain.values import Catchment, ContactPoint, LocalizedText

MOMENT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
GERMAN = LocalizedText(language_code="de", title="Erstberatung", summary="Wir hören zu.")
MAILBOX = ContactPoint(email="beratung@example.org")


def a_partner(**fields: Any) -> Partner:
    made = Partner(
        name="regions/dresden/partners/zentrum",
        revision=1,
        display_name="Welcome Center Dresden",
        kind=PartnerKind.WELCOME_CENTRE,
        contacts=(MAILBOX,),
    )
    return replace(made, **fields)


def a_site(**fields: Any) -> Site:
    made = Site(
        name="regions/dresden/sites/altmarkt",
        revision=1,
        partner="regions/dresden/partners/zentrum",
        display_name="Altmarkt",
        kind=SiteKind.POSTAL,
    )
    return replace(made, **fields)


def an_offer(**fields: Any) -> Offer:
    made = Offer(
        name="regions/dresden/offers/erstberatung",
        uid="0190b0e4-0000-7000-8000-000000000000",
        revision=1,
        kind=OfferKind.COUNSELLING,
        partner="regions/dresden/partners/zentrum",
        sites=(OfferSite(site="regions/dresden/sites/altmarkt"),),
        texts=(GERMAN,),
        topics=("recognition",),
        audiences=(Audience.PERSON,),
        scope=OfferScope.REGION,
        catchment=Catchment(district_codes=("14612",)),
        state=OfferState.DRAFT,
    )
    return replace(made, **fields)


def partner_paths(**fields: Any) -> list[str]:
    return _paths(partner_faults(a_partner(**fields), "partner", MOMENT))


def site_paths(**fields: Any) -> list[str]:
    return _paths(site_faults(a_site(**fields), "site", MOMENT))


def offer_paths(**fields: Any) -> list[str]:
    return _paths(offer_faults(an_offer(**fields), "offer", MOMENT))


def _paths(faults: Iterable[Fault]) -> list[str]:
    return sorted({path for path, _ in faults})
