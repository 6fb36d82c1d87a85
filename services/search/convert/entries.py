"""From the public entries that nodes publish to what the index holds; an entry that lies about itself is refused."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import protovalidate
from google.protobuf.message import DecodeError
from google.type.date_pb2 import Date

from lotse.directory.v1 import directory_events_pb2, offer_pb2, partner_pb2
from services.common.names import RegionId
from services.search.domain.offers import (
    FIRST_DAY,
    FREE,
    FULL,
    LAST_DAY,
    NOT_STATED,
    WAITING_LIST,
    AutomaticTopic,
    OfferDocument,
    OfferKey,
    OfferText,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BodyInvalid(ValueError):
    """The body is no valid entry, or names another region or record than its envelope."""


def read_offer_entry(body: bytes, key: OfferKey) -> directory_events_pb2.OfferEntry:
    """Parse an offer's entry as it came from another node; raises BodyInvalid unless it is valid and that offer's."""
    entry = directory_events_pb2.OfferEntry()
    _parse(entry, body)
    own = f"regions/{key.region}/"
    inside = [entry.offer.partner, entry.partner.name, *(site.name for site in entry.sites)]
    if entry.offer.name != key.name or not all(name.startswith(own) for name in inside):
        raise BodyInvalid
    if protovalidate.collect_violations(entry):
        raise BodyInvalid
    return entry


def check_partner_entry(body: bytes, region: RegionId, record_id: str) -> None:
    """Check a partner's entry; raises BodyInvalid unless it is that partner's."""
    entry = directory_events_pb2.PartnerEntry()
    _parse(entry, body)
    if entry.partner.name != f"regions/{region}/partners/{record_id}":
        raise BodyInvalid


def _parse(entry: directory_events_pb2.OfferEntry | directory_events_pb2.PartnerEntry, body: bytes) -> None:
    try:
        entry.ParseFromString(body)
    except DecodeError as error:
        raise BodyInvalid from error


def stored_document(key: OfferKey, body: bytes, automatic_topics: Sequence[AutomaticTopic]) -> OfferDocument:
    """Make the document of an entry that was checked when it was read."""
    return document_of(key, directory_events_pb2.OfferEntry.FromString(body), body, automatic_topics)


def document_of(
    key: OfferKey, entry: directory_events_pb2.OfferEntry, body: bytes, automatic_topics: Sequence[AutomaticTopic]
) -> OfferDocument:
    """Make the document of an entry; raises BodyInvalid for a day that is in no calendar."""
    offer = entry.offer
    topics = tuple(offer.topics)
    return OfferDocument(
        key=key,
        state=offer_pb2.OfferState.Name(offer.state),
        kind=offer_pb2.OfferKind.Name(offer.kind),
        scope=offer_pb2.OfferScope.Name(offer.scope),
        cost=offer_pb2.CostKind.Name(offer.cost.kind),
        texts=tuple(OfferText(text.language_code, text.title, text.summary, text.description) for text in offer.texts),
        partner_names=(entry.partner.display_name, *entry.partner.alternate_names),
        topics=topics,
        automatic_topics=tuple(topic for topic in automatic_topics if topic.id not in topics),
        audiences=tuple(map(partner_pb2.Audience.Name, offer.audiences)),
        consultation_languages=_languages(offer),
        formats=tuple(map(offer_pb2.OfferFormat.Name, offer.formats)),
        districts=_districts(entry),
        locations=tuple(
            (site.location.latitude, site.location.longitude) for site in entry.sites if site.HasField("location")
        ),
        valid_from=_day(offer.valid_from, FIRST_DAY) if offer.HasField("valid_from") else FIRST_DAY,
        valid_until=_day(offer.valid_until, LAST_DAY) if offer.HasField("valid_until") else LAST_DAY,
        review_due=_day(offer.review_due_date, LAST_DAY) if offer.HasField("review_due_date") else LAST_DAY,
        update_time=offer.update_time.ToDatetime(UTC) if offer.HasField("update_time") else _EPOCH,
        entry=body,
        partner_name=offer.partner,
        free_places=_free_places(offer),
    )


def topic_text(entry: directory_events_pb2.OfferEntry) -> tuple[str, str, str]:
    """Give title, text and language in which topics are looked for: the German ones, else the first."""
    texts = entry.offer.texts
    chosen = next((text for text in texts if text.language_code == "de"), texts[0] if texts else None)
    return (chosen.title, f"{chosen.summary}\n{chosen.description}", chosen.language_code) if chosen else ("", "", "")


def stored_topic_text(body: bytes) -> tuple[str, str, str]:
    """Give the same of an entry that was checked when it was read."""
    return topic_text(directory_events_pb2.OfferEntry.FromString(body))


def _languages(offer: offer_pb2.Offer) -> tuple[str, ...]:
    """Languages of the offer and of its sites, each once."""
    own = [language.language_code for language in offer.consultation_languages]
    at_sites = [language.language_code for site in offer.sites for language in site.consultation_languages]
    return tuple(dict.fromkeys((*own, *at_sites)))


def _free_places(offer: offer_pb2.Offer) -> str:
    if not offer.HasField("capacity"):
        return NOT_STATED
    if offer.capacity.places_free:
        return FREE
    return WAITING_LIST if offer.capacity.waiting_list else FULL


def _districts(entry: directory_events_pb2.OfferEntry) -> tuple[str, ...]:
    """Districts of the catchment.

    A catchment of postcodes only says no district. Its sites' districts stand in: postcode areas lie around a site,
    and without them the offer would be found by nobody who asks for a district.
    """
    catchment = entry.offer.catchment
    if catchment.district_codes or not catchment.postcode_ranges:
        return tuple(catchment.district_codes)
    return tuple(dict.fromkeys(site.district_code for site in entry.sites if site.district_code))


def _day(given: Date, open_end: date) -> date:
    """Turn a whole calendar day round; the type also allows a year or a month alone, which nobody may send."""
    if not (given.year or given.month or given.day):
        return open_end
    try:
        return date(given.year, given.month, given.day)
    except ValueError as error:
        raise BodyInvalid from error
