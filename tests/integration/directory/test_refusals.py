"""Every refusal over gRPC: code, reason and fields, permission before existence."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from google.protobuf.message import Message
from google.type.date_pb2 import Date
from google.type.latlng_pb2 import LatLng

from lotse.common.v1.contact_pb2 import ContactPoint
from lotse.common.v1.text_pb2 import LocalizedText
from lotse.directory.v1 import offer_pb2, partner_pb2
from services.common.rpc.callers import Role
from services.directory.app import RunningDirectory
from tests.integration.directory.client import Client, sent
from tests.integration.directory.records import PARENT, name, offer, partner, site

pytestmark = pytest.mark.asyncio(loop_scope="session")

FOREIGN = "regions/leipzig"


def german(**fields: Any) -> LocalizedText:
    return LocalizedText(**{"language_code": "de", "title": "Erstberatung", "summary": "Text.", **fields})


async def test_permission_comes_before_existence(editor: Client, client_of: Callable[..., Awaitable[Client]]) -> None:
    hotline = await client_of(Role.HOTLINE)
    guest = await client_of(Role.EDITOR, region="leipzig")
    missing = name("offers", "missing")
    cases: list[tuple[Client, str, dict[str, Any], str]] = [
        (hotline, "DeleteOffer", {"name": missing, "etag": "e"}, "ROLE_NOT_ALLOWED"),
        (hotline, "CreatePartner", {"parent": PARENT, "partner": partner()}, "ROLE_NOT_ALLOWED"),
        (guest, "GetOffer", {"name": missing}, "FOREIGN_REGION"),
        (editor, "GetOffer", {"name": f"{FOREIGN}/offers/a"}, "FOREIGN_REGION"),
        (editor, "GetPartner", {"name": f"{FOREIGN}/partners/a"}, "FOREIGN_REGION"),
        (editor, "ListSites", {"parent": FOREIGN}, "FOREIGN_REGION"),
        (editor, "ListOffers", {"parent": PARENT, "partner": f"{FOREIGN}/partners/a"}, "FOREIGN_REGION"),
        (editor, "ListOfferRevisions", {"parent": f"{FOREIGN}/offers/a"}, "FOREIGN_REGION"),
        (editor, "CreateOffer", {"parent": FOREIGN, "offer": offer()}, "FOREIGN_REGION"),
        (editor, "UpdateOffer", {"offer": offer(name=f"{FOREIGN}/offers/a", etag="e")}, "FOREIGN_REGION"),
        (editor, "PublishOffer", {"name": f"{FOREIGN}/offers/a", "etag": "e"}, "FOREIGN_REGION"),
    ]
    for caller, method, request, reason in cases:
        refusal = await caller.refused(method, **request)
        assert (refusal.code, refusal.reason) == ("PERMISSION_DENIED", reason), (method, request)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.EDITOR])
async def test_every_other_role_reads(editor: Client, client_of: Callable[..., Awaitable[Client]], role: Role) -> None:
    made = await editor.make_partner()
    reader = await client_of(role)
    assert (await reader.call("GetPartner", name=made.name)).partner == made


async def test_a_missing_record_is_not_found(editor: Client) -> None:
    for collection, singular in (("partners", "Partner"), ("sites", "Site"), ("offers", "Offer")):
        missing = name(collection, "missing")
        for method, request in (
            (f"Get{singular}", {"name": missing}),
            (f"Delete{singular}", {"name": missing, "etag": "e"}),
            (f"Undelete{singular}", {"name": missing, "etag": "e"}),
        ):
            refusal = await editor.refused(method, **request)
            assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND"), method


@pytest.mark.parametrize(
    ("method", "field", "record", "path"),
    [
        ("CreateOffer", "offer", offer(texts=[german(), german()]), "offer.texts[1]"),
        ("CreateOffer", "offer", offer(texts=[german(language_code="deu")]), "offer.texts[0].language_code"),
        ("CreateOffer", "offer", offer(texts=[german(title="<b>x</b>")]), "offer.texts[0].title"),
        ("CreateOffer", "offer", offer(texts=[german(summary="x\x00y")]), "offer.texts[0].summary"),
        ("CreateOffer", "offer", offer(valid_from=Date(year=2026, month=2, day=30)), "offer.valid_from"),
        ("CreateOffer", "offer", offer(kind=offer_pb2.OFFER_KIND_UNSPECIFIED), "offer.kind"),
        ("CreateOffer", "offer", offer(partner=f"{FOREIGN}/partners/a"), "offer.partner"),
        ("CreateSite", "site", site(location=LatLng(latitude=13.7, longitude=51.0)), "site.location"),
        ("CreateSite", "site", site(location=LatLng()), "site.location"),
        ("CreatePartner", "partner", partner(display_name="x"), "partner.display_name"),
        (
            "CreatePartner",
            "partner",
            partner(contacts=[ContactPoint(url="http://127.0.0.1/")]),
            "partner.contacts[0].url",
        ),
        (
            "CreatePartner",
            "partner",
            partner(contacts=[ContactPoint(email="a@b.example", primary=True)] * 2),
            "partner.contacts",
        ),
    ],
)
async def test_a_field_that_breaks_a_rule_is_named(
    editor: Client, method: str, field: str, record: Message, path: str
) -> None:
    refusal = await editor.refused(method, parent=PARENT, **{field: record})
    assert (refusal.code, refusal.reason, refusal.paths) == ("INVALID_ARGUMENT", "INVALID_FIELD", (path,))


async def test_reserved_and_taken_ids_are_refused(editor: Client) -> None:
    refusal = await editor.refused("CreatePartner", parent=PARENT, partner_id="hub", partner=partner())
    assert (refusal.reason, refusal.paths) == ("INVALID_FIELD", ("partner_id",))
    await editor.make_partner()
    taken = await editor.refused("CreatePartner", parent=PARENT, partner_id="zentrum", partner=partner())
    assert (taken.code, taken.reason) == ("ALREADY_EXISTS", "RESOURCE_EXISTS")


async def test_masks_say_what_is_taken_over(editor: Client) -> None:
    made = await editor.make_partner()

    async def update(paths: list[str] | None, **fields: Any) -> partner_pb2.Partner:
        current = (await editor.call("GetPartner", name=made.name)).partner
        change = partner(name=made.name, etag=current.etag, **fields)
        mask = {} if paths is None else {"update_mask": {"paths": paths}}
        after: partner_pb2.Partner = (await editor.call("UpdatePartner", partner=change, **mask)).partner
        return after

    after = await update(["funders"], display_name="Nicht übernommen", funders=["Freistaat"])
    assert (after.display_name, list(after.funders)) == ("Welcome Center Dresden", ["Freistaat"])
    after = await update(None, display_name="Neuer Name", contacts=[])
    assert (after.display_name, list(after.funders), len(after.contacts)) == ("Neuer Name", ["Freistaat"], 1)
    after = await update(["*"], display_name="Neuer Name")
    assert list(after.funders) == []
    after = await update(["contacts"], contacts=[])
    assert len(after.contacts) == 0
    for path in ("state", "revision", "uid", "name", "etag", "display_name.x", "nonsense"):
        change = partner(name=made.name, etag=after.etag)
        refusal = await editor.refused("UpdatePartner", partner=change, update_mask={"paths": [path]})
        assert (refusal.reason, refusal.paths) == ("INVALID_FIELD", ("update_mask",)), path
    for fields, path in (({"name": made.name}, "partner.etag"), ({"etag": "e"}, "partner.name")):
        refusal = await editor.refused("UpdatePartner", partner=partner(**fields))
        assert (refusal.reason, refusal.paths) == ("INVALID_FIELD", (path,))


async def test_states_references_and_use_are_explained(directory: RunningDirectory, editor: Client) -> None:
    await editor.make_partner()
    made_site = (await editor.call("CreateSite", parent=PARENT, site_id="altmarkt", site=site())).site
    made = await editor.make_offer(sites=[offer_pb2.OfferSite(site=made_site.name)])
    in_use = await editor.refused("DeleteSite", name=made_site.name, etag=made_site.etag)
    assert (in_use.code, in_use.reason, in_use.metadata["count"]) == ("FAILED_PRECONDITION", "RESOURCE_IN_USE", "1")
    paused = await editor.refused("PauseOffer", name=made.name, etag=made.etag)
    assert (paused.code, paused.reason) == ("FAILED_PRECONDITION", "STATE_NOT_ALLOWED")
    stale = await editor.refused("PublishOffer", name=made.name, etag="stale")
    assert (stale.code, stale.reason) == ("ABORTED", "ETAG_MISMATCH")
    unknown = await editor.refused("CreateOffer", parent=PARENT, offer=offer("missing"))
    assert (unknown.code, unknown.reason, unknown.paths) == (
        "FAILED_PRECONDITION",
        "REFERENCE_NOT_FOUND",
        ("offer.partner",),
    )
    itself = offer_pb2.Prerequisite(offer=made.name, state=offer_pb2.PREREQUISITE_STATE_STARTED)
    circle = await editor.refused("UpdateOffer", offer=offer(name=made.name, etag=made.etag, prerequisites=[itself]))
    assert (circle.code, circle.reason) == ("FAILED_PRECONDITION", "REFERENCE_CYCLE")
    live = await editor.refused("UndeleteOffer", name=made.name, etag=made.etag)
    assert (live.code, live.reason) == ("FAILED_PRECONDITION", "RESOURCE_NOT_DELETED")
    gone = (await editor.call("DeleteOffer", name=made.name, etag=made.etag)).offer
    assert gone.purge_time.seconds - gone.delete_time.seconds == 30 * 86_400
    assert (await editor.call("GetOffer", name=made.name)).offer == gone
    deleted = await editor.refused("PublishOffer", name=made.name, etag=gone.etag)
    assert (deleted.code, deleted.reason) == ("FAILED_PRECONDITION", "RESOURCE_DELETED")
    back = (await editor.call("UndeleteOffer", name=made.name, etag=gone.etag)).offer
    assert not back.HasField("delete_time")
    assert await sent(directory.database, "offer") == []


async def test_an_entry_too_large_for_a_message_is_refused_when_it_becomes_public(editor: Client) -> None:
    await editor.make_partner()
    languages = ["de", "en", "fr", "es", "it", "pl", "cs", "uk", "ru", "ar", "fa", "tr", "vi", "zh", "ro", "bg"]
    texts = [german(language_code=language, description="я" * 8000) for language in languages]
    made = await editor.make_offer(texts=texts)
    refusal = await editor.refused("PublishOffer", name=made.name, etag=made.etag)
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "ENTRY_TOO_LARGE")
    assert (await editor.call("GetOffer", name=made.name)).offer == made


async def test_a_batch_names_the_request_that_is_wrong(editor: Client) -> None:
    await editor.make_partner()
    fine = {"parent": PARENT, "offer": offer()}
    wrong = {
        "parent": FOREIGN,
        "offer": offer(),
        "validate_only": True,
        "request_id": "3f0c2c7e-6f5c-4f0e-9a53-0d9cf1f6a111",
    }
    refusal = await editor.refused("BatchCreateOffers", parent=PARENT, requests=[fine, wrong])
    assert refusal.paths == ("requests[1].parent", "requests[1].request_id", "requests[1].validate_only")
    twice = {**fine, "offer": offer(texts=[german(), german()])}
    refusal = await editor.refused("BatchCreateOffers", parent=PARENT, requests=[fine, twice])
    assert refusal.paths == ("requests[1].offer.texts[1]",)
    assert len((await editor.call("ListOffers", parent=PARENT)).offers) == 0
    dry = await editor.call("BatchCreateOffers", parent=PARENT, requests=[fine, fine], validate_only=True)
    assert len(dry.offers) == 2
    made = await editor.call("BatchCreateOffers", parent=PARENT, requests=[fine, fine])
    assert len({one.name for one in made.offers}) == 2
