"""Lists over gRPC: every record once and in order, whatever others do meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from lotse.common.v1.text_pb2 import LocalizedText
from lotse.directory.v1 import offer_pb2, partner_pb2
from services.common.rpc.callers import Role
from tests.integration.directory.client import Client
from tests.integration.directory.records import PARENT, name, offer, site

pytestmark = pytest.mark.asyncio(loop_scope="session")


def titled(title: str) -> list[LocalizedText]:
    return [LocalizedText(language_code="de", title=title, summary="Text.")]


async def pages(client: Client, method: str, field: str, **request: Any) -> list[list[Any]]:
    found, token = [], ""
    while True:
        answer = await client.call(method, page_token=token, **request)
        found.append(list(getattr(answer, field)))
        token = answer.next_page_token
        if not token:
            return found


def ids(found: list[list[Any]]) -> list[str]:
    return [record.name.rpartition("/")[2] for page in found for record in page]


async def test_pages_stay_stable_while_others_insert_and_delete(editor: Client) -> None:
    await editor.make_partner()
    made = [await editor.make_offer(f"bleibt-{number:02}") for number in range(12)]
    gone = [await editor.make_offer(f"geht-{number:02}") for number in range(6)]

    async def disturb() -> None:
        for number, record in enumerate(gone):
            await editor.call("DeleteOffer", name=record.name, etag=record.etag)
            await editor.make_offer(f"neu-{number:02}")

    listing = pages(editor, "ListOffers", "offers", parent=PARENT, page_size=3)
    found, _ = await asyncio.gather(listing, disturb())
    listed = ids(found)
    assert len(listed) == len(set(listed))
    kept = [record_id for record_id in listed if record_id.startswith("bleibt")]
    assert kept == [record.name.rpartition("/")[2] for record in made]
    assert all(len(page) == 3 for page in found[:-1])


async def test_lists_can_be_sorted_and_turned_round(editor: Client) -> None:
    await editor.make_partner()
    for record_id, title in (("c", "Zeugnis"), ("a", "Ärzte"), ("b", "arbeit")):
        await editor.make_offer(record_id, texts=titled(title))
    for order_by, expected in (
        ("", "cab"),
        ("create_time desc", "bac"),
        ("title", "bac"),
        ("title desc", "cab"),
        ("update_time", "cab"),
        ("review_due_date", "abc"),
    ):
        found = await pages(editor, "ListOffers", "offers", parent=PARENT, order_by=order_by, page_size=2)
        assert "".join(ids(found)) == expected, order_by
    await editor.make_partner("anders", display_name="Andere Stelle")
    found = await pages(editor, "ListPartners", "partners", parent=PARENT, order_by="display_name", page_size=1)
    assert ids(found) == ["anders", "zentrum"]


async def test_offers_are_found_by_every_filter(editor: Client) -> None:
    await editor.make_partner()
    await editor.make_partner("anders", kind=partner_pb2.PARTNER_KIND_CHAMBER)
    await editor.make_offer("entwurf")
    await editor.publish(await editor.make_offer("kurs", kind=offer_pb2.OFFER_KIND_TRAINING, topics=["language"]))
    await editor.make_offer("anderswo", partner=name("partners", "anders"))
    gone = await editor.make_offer("weg")
    await editor.call("DeleteOffer", name=gone.name, etag=gone.etag)
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["entwurf", "kurs", "anderswo"]),
        ({"show_deleted": True}, ["entwurf", "kurs", "anderswo", "weg"]),
        ({"partner": name("partners", "anders")}, ["anderswo"]),
        ({"states": [offer_pb2.OFFER_STATE_PUBLISHED]}, ["kurs"]),
        ({"topic": "language"}, ["kurs"]),
        ({"kind": offer_pb2.OFFER_KIND_TRAINING}, ["kurs"]),
        ({"review_due": True}, []),
    ]
    for request, expected in cases:
        assert ids(await pages(editor, "ListOffers", "offers", parent=PARENT, **request)) == expected, request
    chambers = await pages(editor, "ListPartners", "partners", parent=PARENT, kind=partner_pb2.PARTNER_KIND_CHAMBER)
    assert ids(chambers) == ["anders"]
    await editor.call("CreateSite", parent=PARENT, site_id="altmarkt", site=site())
    assert ids(await pages(editor, "ListSites", "sites", parent=PARENT, district_code="14612")) == ["altmarkt"]
    assert ids(await pages(editor, "ListSites", "sites", parent=PARENT, district_code="14713")) == []


async def test_a_page_token_belongs_to_one_query_of_one_caller(
    editor: Client, client_of: Callable[..., Awaitable[Client]]
) -> None:
    await editor.make_partner()
    for number in range(3):
        await editor.make_offer(f"offer-{number}")
    token = (await editor.call("ListOffers", parent=PARENT, page_size=1)).next_page_token
    assert len((await editor.call("ListOffers", parent=PARENT, page_size=2, page_token=token)).offers) == 2
    reader = await client_of(Role.READER)
    attempts: list[tuple[Client, str, dict[str, Any]]] = [
        (editor, "ListOffers", {"parent": PARENT, "page_token": token, "topic": "recognition"}),
        (editor, "ListOffers", {"parent": PARENT, "page_token": token, "order_by": "title"}),
        (editor, "ListOffers", {"parent": PARENT, "page_token": token[:-2] + "AA"}),
        (editor, "ListOffers", {"parent": PARENT, "page_token": "nonsense"}),
        (editor, "ListSites", {"parent": PARENT, "page_token": token}),
        (reader, "ListOffers", {"parent": PARENT, "page_token": token}),
    ]
    for caller, method, request in attempts:
        refusal = await caller.refused(method, **request)
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID"), request


async def test_a_page_has_fifty_records_unless_asked_otherwise(editor: Client) -> None:
    await editor.make_partner()
    requests = [{"parent": PARENT, "offer": offer()} for _ in range(60)]
    await editor.call("BatchCreateOffers", parent=PARENT, requests=requests)
    assert len((await editor.call("ListOffers", parent=PARENT)).offers) == 50
    assert len((await editor.call("ListOffers", parent=PARENT, page_size=1_000_000)).offers) == 60
    assert (await editor.refused("ListOffers", parent=PARENT, page_size=-1)).reason == "INVALID_FIELD"


async def test_history_is_listed_newest_first_page_by_page(editor: Client) -> None:
    await editor.make_partner()
    record = await editor.publish(await editor.make_offer())
    for number in range(3):
        record.topics[:] = [f"topic-{number}"]
        record = (await editor.call("UpdateOffer", offer=record, update_mask={"paths": ["topics"]})).offer
    await editor.call("DeleteOffer", name=record.name, etag=record.etag)
    found = await pages(editor, "ListOfferRevisions", "revisions", parent=record.name, page_size=2)
    changes = [change for page in found for change in page]
    assert [change.action for change in changes] == ["delete", "update", "update", "update", "publish", "create"]
    assert [change.revision for change in changes] == [6, 5, 4, 3, 2, 1]
    assert list(changes[0].changed_fields) == ["delete_time", "purge_time"]
    assert list(changes[1].changed_fields) == ["topics"]
    assert list(changes[1].snapshot.topics) == ["topic-2"]
    assert {change.author_role for change in changes} == {"editor"}
    missing = await editor.refused("ListOfferRevisions", parent=name("offers", "missing"))
    assert (missing.code, missing.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
