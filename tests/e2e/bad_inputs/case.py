"""What one bad input is: which call, what is sent, and which code, reason and field must come back."""

from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from google.type import postal_address_pb2

from lotse.common.v1 import contact_pb2, text_pb2
from lotse.directory.v1 import offer_pb2, offer_requests_pb2, partner_pb2, partner_requests_pb2, site_requests_pb2

CANARY = "Kanarie-7f3a91"
"""Stands in what is sent, and must never come back in an error."""

DIRECTORY = "lotse.directory.v1.DirectoryService"
SEARCH = "lotse.search.v1.SearchService"
FEDERATION = "lotse.federation.v1.FederationService"
REFERRAL = "lotse.referral.v1.ReferralService"
NOTIFY = "lotse.notify.v1.NotifyService"

PARENT = "regions/dresden"
PARTNER = f"{PARENT}/partners/welcome-center-dresden"
SITE = f"{PARENT}/sites/welcome-center-dresden"
OFFER = f"{PARENT}/offers/wc-dresden-jobsuche"


@dataclass(frozen=True)
class Case:
    """One bad input. `request` is a message, or bytes as they go over the wire."""

    id: str
    service: str
    method: str
    request: Message | bytes
    code: str
    reason: str
    field: str = ""
    role: str | None = "editor"
    token: str | None = None
    timeout: float | None = 5.0
    metadata: tuple[tuple[str, str], ...] = ()
    twice: Message | None = None
    """Sent first, and must succeed: for reuse of a request_id."""


def invalid(id_: str, service: str, method: str, request: Message, path: str) -> Case:
    """A field that breaks a rule."""
    return Case(id_, service, method, request, "INVALID_ARGUMENT", "INVALID_FIELD", path)


def text(**changes: Any) -> text_pb2.LocalizedText:
    """A good text, with changes."""
    return text_pb2.LocalizedText(
        **{"language_code": "de", "title": f"Beratung {CANARY}", "description": "Wir beraten.", **changes}
    )


def offer(**changes: Any) -> offer_pb2.Offer:
    """An offer that could be published, with changes."""
    good: dict[str, Any] = {
        "kind": offer_pb2.OFFER_KIND_COUNSELLING,
        "partner": PARTNER,
        "texts": [text()],
        "topics": ["job-search"],
        "audiences": [partner_pb2.AUDIENCE_PERSON],
        "scope": offer_pb2.OFFER_SCOPE_REGION,
        "catchment": contact_pb2.Catchment(district_codes=["14612"]),
        "contacts": [contact_pb2.ContactPoint(email="kontakt@beispiel.example", primary=True)],
        "review_rhythm": offer_pb2.REVIEW_RHYTHM_YEARLY,
    }
    return offer_pb2.Offer(**{**good, **changes})


def partner(**changes: Any) -> partner_pb2.Partner:
    """A good partner, with changes."""
    good = {"display_name": f"Beratungsstelle {CANARY}", "kind": partner_pb2.PARTNER_KIND_COUNSELLING_BODY}
    return partner_pb2.Partner(**{**good, **changes})


def site(**changes: Any) -> partner_pb2.Site:
    """A good site, with changes."""
    good: dict[str, Any] = {"display_name": f"Haus {CANARY}", "kind": partner_pb2.SITE_KIND_VIRTUAL, "partner": PARTNER}
    return partner_pb2.Site(**{**good, **changes})


def bad_offer(id_: str, record: offer_pb2.Offer, path: str) -> Case:
    """CreateOffer with a bad offer."""
    return invalid(
        id_, DIRECTORY, "CreateOffer", offer_requests_pb2.CreateOfferRequest(parent=PARENT, offer=record), path
    )


def bad_site(id_: str, record: partner_pb2.Site, path: str) -> Case:
    """CreateSite with a bad site."""
    return invalid(id_, DIRECTORY, "CreateSite", site_requests_pb2.CreateSiteRequest(parent=PARENT, site=record), path)


def bad_partner(id_: str, record: partner_pb2.Partner, path: str) -> Case:
    """CreatePartner with a bad partner."""
    request = partner_requests_pb2.CreatePartnerRequest(parent=PARENT, partner=record)
    return invalid(id_, DIRECTORY, "CreatePartner", request, path)


def with_hours(*periods: contact_pb2.OpeningPeriod, zone: str = "Europe/Berlin") -> offer_pb2.Offer:
    """An offer with these hours."""
    return offer(hours=contact_pb2.OpeningHours(time_zone=zone, periods=periods))


def address(**changes: str) -> postal_address_pb2.PostalAddress:
    """A good address, with changes."""
    return postal_address_pb2.PostalAddress(
        **{"region_code": "DE", "postal_code": "01067", "locality": "Dresden", **changes}
    )
