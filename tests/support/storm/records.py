"""Owns the partners and offers that editors write: complete enough to be published, each with its own marker."""

from google.type.date_pb2 import Date

from lotse.common.v1.contact_pb2 import Catchment, ContactPoint
from lotse.common.v1.text_pb2 import LocalizedText
from lotse.directory.v1 import offer_pb2, partner_pb2


def partner_named(marker: str) -> partner_pb2.Partner:
    """Make a partner whose name ends in the marker."""
    return partner_pb2.Partner(
        display_name=partner_name(marker),
        kind=partner_pb2.PARTNER_KIND_WELCOME_CENTRE,
        audiences=[partner_pb2.AUDIENCE_PERSON],
        contacts=[ContactPoint(role="Erstberatung", email="beratung@example.org", primary=True)],
    )


def partner_name(marker: str) -> str:
    """Name a partner."""
    return f"Welcome Center {marker}"


def offer_named(marker: str, partner: str) -> offer_pb2.Offer:
    """Make an offer of a partner (its resource name) that can be published; its title ends in the marker."""
    return offer_pb2.Offer(
        kind=offer_pb2.OFFER_KIND_COUNSELLING,
        partner=partner,
        texts=offer_texts(marker),
        topics=["recognition"],
        audiences=[partner_pb2.AUDIENCE_PERSON],
        scope=offer_pb2.OFFER_SCOPE_SAXONY,
        catchment=Catchment(district_codes=["14612"]),
        valid_until=Date(year=9999, month=12, day=30),
    )


def offer_texts(marker: str) -> list[LocalizedText]:
    """Write what an offer is."""
    summary = "Wir hören zu, beraten und begleiten bei der Anerkennung."
    return [LocalizedText(language_code="de", title=f"Beratung zur Anerkennung {marker}", summary=summary)]


def marker_of(title: str) -> str:
    """Give the marker in a title or name."""
    return title.rpartition(" ")[2]
