"""Owns the way between the domain and the contract's messages, and nothing else."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from lotse.directory.v1.directory_events_pb2 import OfferEntry, PartnerEntry
from lotse.directory.v1.offer_pb2 import Offer as OfferMessage
from lotse.directory.v1.offer_pb2 import OfferKind as OfferKindNumber
from lotse.directory.v1.offer_pb2 import OfferState as OfferStateNumber
from lotse.directory.v1.offer_requests_pb2 import ListOffersRequest, OfferRevision
from lotse.directory.v1.partner_pb2 import Partner as PartnerMessage
from lotse.directory.v1.partner_pb2 import PartnerKind as PartnerKindNumber
from lotse.directory.v1.partner_pb2 import Site as SiteMessage
from lotse.directory.v1.partner_requests_pb2 import ListPartnersRequest
from services.common.errors import invalid
from services.directory import mapper
from services.directory.domain.changes import AnyRecord, Revision, etag_of, masked_fields
from services.directory.domain.enums import OfferKind, OfferState, PartnerKind
from services.directory.domain.offer import Offer
from services.directory.domain.records import Partner, Record, Site

AnyMessage = TypeVar("AnyMessage", bound=Message)


def partner_message(partner: Partner) -> PartnerMessage:
    """Write a partner, with its etag."""
    return _with_etag(partner, PartnerMessage())


def site_message(site: Site) -> SiteMessage:
    """Write a site, with its etag."""
    return _with_etag(site, SiteMessage())


def offer_message(offer: Offer) -> OfferMessage:
    """Write an offer, with its etag."""
    return _with_etag(offer, OfferMessage())


def revision_message(revision: Revision) -> OfferRevision:
    """Write one change of an offer; its snapshot has no etag, since nobody can change the past."""
    message = OfferRevision()
    mapper.write(revision, message)
    return message


def record_of(kind: type[AnyRecord], message: Message, path: str) -> AnyRecord:
    """Read a record as a caller sent it; raises INVALID_FIELD naming all that cannot be read."""
    return records_of(kind, [(message, path)])[0]


def records_of(kind: type[AnyRecord], messages: Iterable[tuple[Message, str]]) -> list[AnyRecord]:
    """Read several records, each with its path; raises INVALID_FIELD naming all that cannot be read in any of them."""
    faults: mapper.Faults = []
    records = [mapper.read(kind, message, path, faults) for message, path in messages]
    if faults:
        raise invalid(*faults)
    return records


def fields_of(kind: type[Record], mask: FieldMask, message: Message) -> frozenset[str]:
    """Say which fields an update takes over; raises INVALID_FIELD for `update_mask`."""
    return masked_fields(kind, mask.paths, (field.name for field, _ in message.ListFields()))


def listed_kind(request: ListPartnersRequest | ListOffersRequest) -> str:
    """Give the kind that a list is narrowed to; "" for all."""
    partners = isinstance(request, ListPartnersRequest)
    kinds: type[PartnerKind] | type[OfferKind] = PartnerKind if partners else OfferKind
    enum = PartnerKindNumber.DESCRIPTOR if partners else OfferKindNumber.DESCRIPTOR
    kind = mapper.read_enum(kinds, enum, request.kind)
    return "" if kind in {None, kinds.UNSPECIFIED} else str(kind)


def listed_states(request: ListOffersRequest) -> frozenset[OfferState]:
    """Give the states that a list is narrowed to; none for all."""
    states = (mapper.read_enum(OfferState, OfferStateNumber.DESCRIPTOR, number) for number in request.states)
    return frozenset(state for state in states if state is not None)


def offer_entry(offer: Offer, partner: Partner, sites: Sequence[Site]) -> bytes:
    """Write the whole public entry of an offer: no etag, people only with their consent."""
    entry = OfferEntry(
        partner=_public(partner, PartnerMessage()), sites=[_public(site, SiteMessage()) for site in sites]
    )
    entry.offer.CopyFrom(_public(offer, OfferMessage()))
    return _bytes(entry)


def partner_entry(partner: Partner, sites: Iterable[Site]) -> bytes:
    """Write the whole public entry of a partner with its live sites."""
    entry = PartnerEntry(partner=_public(partner, PartnerMessage()))
    entry.sites.extend(_public(site, SiteMessage()) for site in sites)
    return _bytes(entry)


def _with_etag(record: Record, message: AnyMessage) -> AnyMessage:
    mapper.write(record, message)
    message.etag = etag_of(record)  # type: ignore[attr-defined]  # every resource of ours has one
    return message


def _public(record: Record, message: AnyMessage) -> AnyMessage:
    mapper.write(record, message)
    for contact in _contacts(message):
        # The rules refuse a name without consent; here it is dropped even if a rule should fail.
        if not contact.HasField("person_consent_time"):
            contact.ClearField("person_name")
    return message


def _contacts(message: Message) -> Iterable[Message]:
    yield from getattr(message, "contacts", ())
    for at in getattr(message, "sites", ()):
        yield from at.contacts


def _bytes(message: Message) -> bytes:
    # The same entry gives the same bytes, so that digests and comparisons can rely on them.
    return message.SerializeToString(deterministic=True)
