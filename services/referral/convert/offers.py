"""Owns how an offer's public entry is read as a counter to which one may refer."""

from collections.abc import Iterable

from lotse.directory.v1 import offer_pb2
from lotse.directory.v1.directory_events_pb2 import OfferEntry
from lotse.directory.v1.partner_pb2 import Audience as AudienceNumber
from services.referral.convert.enums import member_of
from services.referral.domain.referral import Prerequisite
from services.referral.domain.routing import Counter, Scope
from services.referral.domain.values import Audience

_STATES = {offer_pb2.PREREQUISITE_STATE_STARTED: "started", offer_pb2.PREREQUISITE_STATE_DECIDED: "decided"}


def counter_from(entry: OfferEntry, found_topics: Iterable[str] = (), why: Iterable[str] = ()) -> Counter:
    """Read an entry; `found_topics` were found by machine, `why` are the search's own lines."""
    offer = entry.offer
    languages = [*offer.consultation_languages]
    for at in offer.sites:
        languages.extend(at.consultation_languages)
    return Counter(
        offer=offer.name,
        region=offer.name.split("/")[1],
        topics=frozenset(offer.topics),
        found_topics=frozenset(found_topics),
        audiences=frozenset(member_of(Audience, AudienceNumber.DESCRIPTOR, number) for number in offer.audiences),
        scope=member_of(Scope, offer_pb2.OfferScope.DESCRIPTOR, offer.scope),
        hotline=offer.kind == offer_pb2.OFFER_KIND_HOTLINE,
        published=offer.state == offer_pb2.OFFER_STATE_PUBLISHED,
        districts=frozenset(offer.catchment.district_codes),
        spoken=_codes(languages, offer_pb2.LANGUAGE_MODE_SPOKEN),
        interpreted=_codes(languages, offer_pb2.LANGUAGE_MODE_INTERPRETED),
        # One that names an offer cannot be checked against facts, which know procedures only.
        prerequisites=tuple(
            Prerequisite(one.topic, _STATES.get(one.state, "started"), one.hard)
            for one in offer.prerequisites
            if one.topic
        ),
        why=tuple(why),
        entry=entry.SerializeToString(deterministic=True),
    )


def _codes(languages: Iterable[offer_pb2.ConsultationLanguage], mode: int) -> frozenset[str]:
    return frozenset(one.language_code.partition("-")[0] for one in languages if one.mode == mode)
