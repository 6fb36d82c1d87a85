"""Domain and contract say the same, both ways."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from hypothesis import given

from lotse.common.v1.contact_pb2 import ContactPoint as ContactMessage
from lotse.directory.v1.directory_events_pb2 import OfferEntry, PartnerEntry
from lotse.directory.v1.offer_pb2 import Offer as OfferMessage
from lotse.directory.v1.partner_pb2 import Partner as PartnerMessage
from lotse.directory.v1.partner_pb2 import Site as SiteMessage
from services.common.errors import CorrectTheRequest
from services.directory import convert, mapper
from services.directory.domain.changes import Revision
from services.directory.domain.lifecycle import Action
from services.directory.domain.offer import Offer
from services.directory.domain.records import Partner, Record, Site
from services.directory.domain.values import ContactPoint
from tests.unit.directory.records import MOMENT, a_partner, a_site, an_offer
from tests.unit.directory.strategies import records

PAIRS = [(Partner, PartnerMessage), (Site, SiteMessage), (Offer, OfferMessage)]


@pytest.mark.parametrize(("kind", "message"), PAIRS)
def test_every_field_of_the_contract_has_its_field_in_the_domain(kind: type[Record], message: type[Message]) -> None:
    of_contract = {field.name for field in message.DESCRIPTOR.fields} - {"etag"}
    assert {field.name for field in fields(kind)} == of_contract


@given(records(Offer))
def test_an_offer_comes_back_from_its_message(offer: Offer) -> None:
    message = OfferMessage.FromString(convert.offer_message(offer).SerializeToString())
    assert convert.record_of(Offer, message, "offer") == offer


@given(records(Partner))
def test_a_partner_comes_back_from_its_message(partner: Partner) -> None:
    message = PartnerMessage.FromString(convert.partner_message(partner).SerializeToString())
    assert convert.record_of(Partner, message, "partner") == partner


@given(records(Site))
def test_a_site_comes_back_from_its_message(site: Site) -> None:
    message = SiteMessage.FromString(convert.site_message(site).SerializeToString())
    assert convert.record_of(Site, message, "site") == site


@given(records(Offer))
def test_a_message_comes_back_from_its_offer(offer: Offer) -> None:
    message = convert.offer_message(offer)
    assert convert.offer_message(convert.record_of(Offer, message, "offer")) == message


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (OfferMessage(valid_from=Date(year=2026, month=2, day=30)), "offer.valid_from"),
        (OfferMessage(valid_until=Date(year=2026)), "offer.valid_until"),
        (OfferMessage(valid_until=Date(month=12, day=24)), "offer.valid_until"),
        (OfferMessage(kind=99), "offer.kind"),  # type: ignore[arg-type]
        (OfferMessage(audiences=[1, 99]), "offer.audiences[1]"),  # type: ignore[list-item]
        (
            OfferMessage(contacts=[ContactMessage(person_consent_time=Timestamp(nanos=10**9))]),
            "offer.contacts[0].person_consent_time",
        ),
        (
            OfferMessage(contacts=[ContactMessage(person_consent_time=Timestamp(seconds=10**12))]),
            "offer.contacts[0].person_consent_time",
        ),
        (
            OfferMessage(contacts=[ContactMessage(person_consent_time=Timestamp(seconds=-(10**12)))]),
            "offer.contacts[0].person_consent_time",
        ),
    ],
)
def test_what_no_calendar_or_list_knows_is_refused_by_its_field(message: OfferMessage, path: str) -> None:
    with pytest.raises(CorrectTheRequest) as refusal:
        convert.record_of(Offer, message, "offer")
    assert [violation.path for violation in refusal.value.fields] == [path]


def test_several_records_are_read_with_all_their_faults() -> None:
    broken = OfferMessage(valid_from=Date(year=2026, month=13, day=1))
    with pytest.raises(CorrectTheRequest) as refusal:
        convert.records_of(Offer, [(broken, "requests[0].offer"), (OfferMessage(), "x"), (broken, "requests[2].offer")])
    paths = [violation.path for violation in refusal.value.fields]
    assert paths == ["requests[0].offer.valid_from", "requests[2].offer.valid_from"]


def test_an_absent_mask_takes_what_is_populated() -> None:
    message = OfferMessage(name="n", etag="e", uid="u", topics=["a"], valid_from=Date())
    assert convert.fields_of(Offer, FieldMask(), message) == {"topics", "valid_from"}


def test_a_revision_is_written_with_its_snapshot_but_without_an_etag() -> None:
    revision = Revision(
        revision=3,
        create_time=MOMENT,
        author_role="editor",
        action=Action.PUBLISH,
        changed_fields=("state",),
        snapshot=an_offer(),
    )
    message = convert.revision_message(revision)
    assert (message.revision, message.action, message.author_role) == (3, "publish", "editor")
    assert message.create_time.ToDatetime(tzinfo=UTC) == MOMENT
    assert message.snapshot.name == an_offer().name
    assert message.snapshot.etag == ""


def test_an_entry_has_no_etag_and_names_people_only_with_their_consent() -> None:
    silent = ContactPoint(email="a@example.org", person_name="A. Beispiel")
    agreed = ContactPoint(email="b@example.org", person_name="B. Beispiel", person_consent_time=MOMENT)
    entry = OfferEntry.FromString(
        convert.offer_entry(an_offer(contacts=(silent, agreed)), a_partner(contacts=(silent,)), [a_site()])
    )
    assert [contact.person_name for contact in entry.offer.contacts] == ["", "B. Beispiel"]
    assert entry.partner.contacts[0].person_name == ""
    assert [entry.offer.etag, entry.partner.etag, entry.sites[0].etag] == ["", "", ""]
    whole = PartnerEntry.FromString(convert.partner_entry(a_partner(), [a_site()]))
    assert (whole.partner.name, whole.sites[0].name) == (a_partner().name, a_site().name)


def test_microseconds_survive_and_finer_parts_are_cut() -> None:
    faults: mapper.Faults = []
    stamp = Timestamp(seconds=1, nanos=123_456_789)
    contact: Any = mapper.read(ContactPoint, ContactMessage(person_consent_time=stamp), "contact", faults)
    assert contact.person_consent_time == datetime(1970, 1, 1, 0, 0, 1, 123_456, tzinfo=UTC)
    assert faults == []
