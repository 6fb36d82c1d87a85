"""Partners, sites and offers as an editor would send them; every field can be replaced."""

from typing import Any

from google.type.date_pb2 import Date

from lotse.common.v1.contact_pb2 import Catchment, ContactPoint, OpeningHours, OpeningPeriod
from lotse.common.v1.text_pb2 import LocalizedText
from lotse.directory.v1 import offer_pb2, partner_pb2

REGION = "dresden"
PARENT = f"regions/{REGION}"
MAILBOX = ContactPoint(role="Erstberatung", email="beratung@example.org", primary=True)


def name(collection: str, record_id: str) -> str:
    return f"{PARENT}/{collection}/{record_id}"


def partner(**fields: Any) -> partner_pb2.Partner:
    given = {
        "display_name": "Welcome Center Dresden",
        "kind": partner_pb2.PARTNER_KIND_WELCOME_CENTRE,
        "audiences": [partner_pb2.AUDIENCE_PERSON],
        "contacts": [MAILBOX],
    }
    return partner_pb2.Partner(**{**given, **fields})


def site(partner_id: str = "zentrum", **fields: Any) -> partner_pb2.Site:
    monday = OpeningPeriod(weekday=1, opens="09:00", closes="12:00")  # type: ignore[arg-type]
    given = {
        "partner": name("partners", partner_id),
        "display_name": "Beratungsort Altmarkt",
        "kind": partner_pb2.SITE_KIND_POSTAL,
        "district_code": "14612",
        "hours": OpeningHours(time_zone="Europe/Berlin", periods=[monday]),
    }
    return partner_pb2.Site(**{**given, **fields})


def offer(partner_id: str = "zentrum", **fields: Any) -> offer_pb2.Offer:
    given = {
        "kind": offer_pb2.OFFER_KIND_COUNSELLING,
        "partner": name("partners", partner_id),
        "texts": [LocalizedText(language_code="de", title="Erstberatung", summary="Wir hören zu und beraten.")],
        "topics": ["recognition"],
        "audiences": [partner_pb2.AUDIENCE_PERSON],
        "scope": offer_pb2.OFFER_SCOPE_REGION,
        "catchment": Catchment(district_codes=["14612"]),
        "valid_until": Date(year=2030, month=12, day=31),
    }
    return offer_pb2.Offer(**{**given, **fields})


def draft(partner_id: str = "zentrum") -> offer_pb2.Offer:
    """An offer that has only what the contract requires of a draft."""
    return offer_pb2.Offer(
        kind=offer_pb2.OFFER_KIND_COUNSELLING,
        partner=name("partners", partner_id),
        scope=offer_pb2.OFFER_SCOPE_REGION,
    )
