"""Owns what a public offer must have; names everything that is missing at once.

Needed: a partner, one language complete (title with a summary or a description), a topic, an audience, a catchment when
the scope is the region, and a contact that the offer itself, one of its sites or its partner gives. A review date needs
no check: a missing rhythm means twelve months, so every public offer has one.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from services.directory.domain.checks import Fault
from services.directory.domain.enums import OfferScope
from services.directory.domain.offer import Offer
from services.directory.domain.records import Partner, Site


def missing_for_public(offer: Offer, partner: Partner, sites: Sequence[Site], path: str = "offer") -> Iterator[Fault]:
    """Find everything that the public would miss in this offer."""
    if not any(text.summary.strip() or text.description.strip() for text in offer.texts):
        yield f"{path}.texts", "needs one language with a title and a summary or a description"
    if not offer.topics:
        yield f"{path}.topics", "needs at least one topic"
    if not offer.audiences:
        yield f"{path}.audiences", "needs at least one audience"
    if offer.scope is OfferScope.REGION and not _names_places(offer):
        yield f"{path}.catchment", "needs districts or postcodes when the scope is the region"
    if not is_reachable(offer, partner, sites):
        yield f"{path}.contacts", "needs a contact of its own, of a site or of its partner"


def over_before_it_begins(offer: Offer, today: date, path: str = "offer") -> Iterator[Fault]:
    """Find an end that has passed: publishing such an offer would help nobody. Public ones may pass it."""
    if offer.valid_until is not None and offer.valid_until < today:
        yield f"{path}.valid_until", "must not have passed"


def is_reachable(offer: Offer, partner: Partner, sites: Sequence[Site]) -> bool:
    """Say whether somebody can be reached about it at all."""
    own = bool(offer.contacts) or any(at.contacts for at in offer.sites)
    return own or bool(partner.contacts) or any(site.contacts for site in sites)


def _names_places(offer: Offer) -> bool:
    return offer.catchment is not None and bool(offer.catchment.district_codes or offer.catchment.postcode_ranges)
