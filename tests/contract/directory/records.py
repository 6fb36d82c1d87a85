"""Records as a store gets them: complete, with times that differ in microseconds only."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from services.directory.domain.changes import Revision
from services.directory.domain.enums import OfferKind, OfferScope, OfferState, PartnerKind, SiteKind
from services.directory.domain.lifecycle import Action
from services.directory.domain.offer import Offer, OfferSite
from services.directory.domain.records import Partner, Record, Site
from services.directory.domain.values import LatLng, LocalizedText

MOMENT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ZENTRUM = "regions/dresden/partners/zentrum"
ALTMARKT = "regions/dresden/sites/altmarkt"


def at(microseconds: int) -> datetime:
    return MOMENT + timedelta(microseconds=microseconds)


def uid(collection: str, record_id: str) -> str:
    return f"{collection}-{record_id}"[:36]


def a_partner(record_id: str = "zentrum", created: int = 0, **fields: object) -> Partner:
    made = Partner(
        name=f"regions/dresden/partners/{record_id}",
        uid=uid("p", record_id),
        revision=1,
        create_time=at(created),
        update_time=at(created),
        display_name="Welcome Center Dresden",
        kind=PartnerKind.WELCOME_CENTRE,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def a_site(record_id: str = "altmarkt", created: int = 0, **fields: object) -> Site:
    made = Site(
        name=f"regions/dresden/sites/{record_id}",
        uid=uid("s", record_id),
        revision=1,
        create_time=at(created),
        update_time=at(created),
        partner=ZENTRUM,
        display_name="Beratungsort Altmarkt",
        kind=SiteKind.POSTAL,
        location=LatLng(latitude=51.05, longitude=13.737),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def an_offer(record_id: str = "erstberatung", created: int = 0, title: str = "Erstberatung", **fields: object) -> Offer:
    made = Offer(
        name=f"regions/dresden/offers/{record_id}",
        uid=uid("o", record_id),
        revision=1,
        create_time=at(created),
        update_time=at(created),
        state=OfferState.PUBLISHED,
        kind=OfferKind.COUNSELLING,
        partner=ZENTRUM,
        sites=(OfferSite(site=ALTMARKT),),
        texts=(LocalizedText(language_code="de", title=title, summary="Wir hören zu."),),
        topics=("recognition",),
        scope=OfferScope.SAXONY,
        valid_until=date(2030, 12, 31),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def a_revision(record: Record, number: int, action: Action = Action.UPDATE) -> Revision:
    return Revision(
        revision=number,
        create_time=at(number),
        author_role="editor",
        action=action,
        changed_fields=("texts", "topics"),
        snapshot=record,
    )
