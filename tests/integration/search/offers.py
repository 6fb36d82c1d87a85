"""Offers for the tests: valid entries in plain German, with what a test changes, and messages that carry them."""

from datetime import UTC, datetime
from typing import Any

from lotse.directory.v1.directory_events_pb2 import OfferEntry, PartnerEntry
from lotse.federation.v1.envelope_pb2 import Envelope, NodeHead
from services.common.messaging.received import Received
from services.common.messaging.subjects import catalog_subject
from services.common.names import RegionId

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SITE = {
    "kind": "SITE_KIND_POSTAL",
    "district_code": "14612",
    "location": {"latitude": 51.05, "longitude": 13.74},
}


def text(title: str, summary: str = "", description: str = "", language: str = "de") -> dict[str, str]:
    return {"language_code": language, "title": title, "summary": summary, "description": description}


def entry(record_id: str, title: str = "Beratung", *, region: str = "dresden", **changes: Any) -> OfferEntry:
    """Make a published offer for Dresden; `changes` are fields of the offer, and `site`, `partner` (its name)."""
    owner = f"regions/{region}/partners/p-{record_id}"
    named = {"name": f"regions/{region}/sites/s-{record_id}", "display_name": "Haus", "partner": owner}
    site: Any = {**SITE, **changes.pop("site", {}), **named}
    partner = changes.pop("partner", "Haus der Hilfe")
    offer: Any = {
        "name": f"regions/{region}/offers/{record_id}",
        "uid": record_id,
        "revision": 1,
        "update_time": START,
        "state": "OFFER_STATE_PUBLISHED",
        "kind": "OFFER_KIND_COUNSELLING",
        "partner": owner,
        "sites": [{"site": site["name"]}],
        "texts": [text(title)],
        "topics": ["residence-title"],
        "audiences": ["AUDIENCE_PERSON"],
        "scope": "OFFER_SCOPE_REGION",
        "catchment": {"district_codes": ["14612"]},
        "formats": ["OFFER_FORMAT_ON_SITE"],
        **changes,
    }
    sites = [] if changes.get("sites") == [] else [site]
    made: Any = {"name": owner, "display_name": partner, "kind": "PARTNER_KIND_COUNSELLING_BODY"}
    return OfferEntry(offer=offer, partner=made, sites=sites)


def message(body: OfferEntry, revision: int = 1, *, epoch: int = 1, deliveries: int = 1) -> Received:
    """Wrap an entry as the reader hands it on."""
    _, region, _, record_id = body.offer.name.split("/")
    return raw_message(
        region, "offer", record_id, body.SerializeToString(), revision, epoch=epoch, deliveries=deliveries
    )


def tombstone(record_id: str, revision: int, *, region: str = "dresden", epoch: int = 1) -> Received:
    return raw_message(region, "offer", record_id, b"", revision, epoch=epoch, deleted=True)


def head(region: str, sent: datetime, offers: int, revision: int = 1) -> Received:
    body = NodeHead(epoch=1, outbox_high_mark=revision, live_records={"offer": offers})
    return raw_message(region, "node", "head", body.SerializeToString(), revision, time=sent)


def partner_message(record_id: str, revision: int = 1, *, region: str = "dresden", named: str = "") -> Received:
    name = f"regions/{region}/partners/{named or record_id}"
    made: Any = {"name": name, "display_name": "Haus", "kind": "PARTNER_KIND_CHAMBER"}
    return raw_message(region, "partner", record_id, PartnerEntry(partner=made).SerializeToString(), revision)


def raw_message(
    region: str,
    kind: str,
    record_id: str,
    body: bytes,
    revision: int,
    *,
    epoch: int = 1,
    deleted: bool = False,
    deliveries: int = 1,
    time: Any = START,
) -> Received:
    subject = catalog_subject(RegionId(region), kind, record_id)
    envelope = Envelope(
        schema=1,
        origin=region,
        subject=subject,
        kind=kind,
        id=record_id,
        epoch=epoch,
        revision=revision,
        outbox_seq=revision,
        time=time,
        deleted=deleted,
        body=body,
    )
    return Received(subject, envelope, b"signed", 1, deliveries)
