"""Owns the way between a preview of the domain and the contract's message."""

from lotse.directory.v1.partner_pb2 import Audience as AudienceNumber
from lotse.referral.v1 import case_pb2, referral_pb2
from services.referral.convert.enums import member_of, number_of
from services.referral.domain.values import Audience, Fact, Preview, Urgency


def preview_message(preview: Preview) -> referral_pb2.Preview:
    """Write a preview."""
    return referral_pb2.Preview(
        topics=preview.topics,
        language_code=preview.language_code,
        district_code=preview.district_code,
        audience=number_of(preview.audience, AudienceNumber.DESCRIPTOR),
        urgency=number_of(preview.urgency, case_pb2.Urgency.DESCRIPTOR),
        document_kinds=preview.document_kinds,
        facts=[case_pb2.Fact(kind=fact.kind, value=fact.value) for fact in preview.facts],
        person_follows=preview.person_follows,
    )


def preview_from(message: referral_pb2.Preview) -> Preview:
    """Read a preview."""
    return Preview(
        topics=tuple(message.topics),
        language_code=message.language_code,
        district_code=message.district_code,
        audience=member_of(Audience, AudienceNumber.DESCRIPTOR, message.audience),
        urgency=member_of(Urgency, case_pb2.Urgency.DESCRIPTOR, message.urgency),
        document_kinds=tuple(message.document_kinds),
        facts=tuple(Fact(fact.kind, fact.value) for fact in message.facts),
        person_follows=message.person_follows,
    )
