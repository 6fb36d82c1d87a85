"""Owns the way between a case of the domain and the contract's messages."""

from datetime import UTC, date, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from lotse.directory.v1.partner_pb2 import Audience as AudienceNumber
from lotse.referral.v1 import case_pb2
from services.common.errors import invalid
from services.common.names import RegionId, ResourceName
from services.referral.convert.enums import member_of, number_of
from services.referral.domain.case import Case, CaseState
from services.referral.domain.values import Audience, Consent, ConsentChannel, Fact, Person, Urgency

_BLANK_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def case_message(case: Case, region: str, person: Person | None = None) -> case_pb2.Case:
    """Write a case, with its person only where one is given."""
    message = case_pb2.Case(
        name=str(ResourceName(RegionId(region), "cases", case.id)),
        etag=case.etag,
        revision=case.revision,
        create_time=stamp(case.create_time),
        update_time=stamp(case.update_time),
        state=number_of(case.state, case_pb2.CaseState.DESCRIPTOR),
        intake_text=case.intake_text,
        language_code=case.language_code,
        district_code=case.district_code,
        topics=case.topics,
        audience=number_of(case.audience, AudienceNumber.DESCRIPTOR),
        facts=[case_pb2.Fact(kind=fact.kind, value=fact.value) for fact in case.facts],
        urgency=number_of(case.urgency, case_pb2.Urgency.DESCRIPTOR),
        document_kinds=case.document_kinds,
        has_person=case.has_person,
    )
    if case.consent is not None:
        message.consent.CopyFrom(consent_message(case.consent))
    if person is not None:
        message.person.CopyFrom(person_message(person))
    return message


def case_from(message: case_pb2.Case) -> Case:
    """Read what a caller sets of a case; number, dates and state are left blank."""
    return Case(
        id="",
        revision=0,
        create_time=_BLANK_TIME,
        update_time=_BLANK_TIME,
        state=CaseState.OPEN,
        intake_text=message.intake_text,
        language_code=message.language_code,
        district_code=message.district_code,
        topics=tuple(message.topics),
        audience=member_of(Audience, AudienceNumber.DESCRIPTOR, message.audience),
        facts=tuple(Fact(fact.kind, fact.value) for fact in message.facts),
        urgency=member_of(Urgency, case_pb2.Urgency.DESCRIPTOR, message.urgency),
        document_kinds=tuple(message.document_kinds),
    )


def sent_person(message: case_pb2.Case) -> Person | None:
    """Read the person of a case as a caller sent it; raises INVALID_FIELD for a day that does not exist."""
    if not message.HasField("person"):
        return None
    try:
        return person_from(message.person)
    except ValueError:
        raise invalid(("case.person.birth_date", "is no real date")) from None


def person_message(person: Person) -> case_pb2.Person:
    """Write a person."""
    message = case_pb2.Person(
        name=person.name, email=person.email, phone=person.phone, address=person.address, note=person.note
    )
    if person.birth_date is not None:
        day = person.birth_date
        message.birth_date.CopyFrom(Date(year=day.year, month=day.month, day=day.day))
    return message


def person_from(message: case_pb2.Person) -> Person:
    """Read a person; raises ValueError, without its text, for a day that does not exist."""
    day = message.birth_date
    return Person(
        name=message.name,
        birth_date=date(day.year, day.month, day.day) if message.HasField("birth_date") else None,
        email=message.email,
        phone=message.phone,
        address=message.address,
        note=message.note,
    )


def consent_message(consent: Consent) -> case_pb2.Consent:
    """Write a consent."""
    message = case_pb2.Consent(
        text_version=consent.text_version,
        language_code=consent.language_code,
        purpose=consent.purpose,
        channel=number_of(consent.channel, case_pb2.ConsentChannel.DESCRIPTOR),
    )
    if consent.grant_time is not None:
        message.grant_time.CopyFrom(stamp(consent.grant_time))
    if consent.revoke_time is not None:
        message.revoke_time.CopyFrom(stamp(consent.revoke_time))
    return message


def consent_from(message: case_pb2.Consent) -> Consent:
    """Read a consent as a caller sent it; the times are the server's."""
    return Consent(
        text_version=message.text_version,
        language_code=message.language_code,
        purpose=message.purpose,
        channel=channel_from(message.channel),
    )


def channel_from(number: int) -> ConsentChannel:
    """Read a channel."""
    return member_of(ConsentChannel, case_pb2.ConsentChannel.DESCRIPTOR, number)


def stamp(moment: datetime) -> Timestamp:
    """Write a moment."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message
