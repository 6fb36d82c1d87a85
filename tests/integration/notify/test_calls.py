"""Recipients, pages, rights and refusals over the wire."""

from typing import Any
from uuid import uuid4

import pytest

from lotse.notify.v1 import notify_pb2 as notify
from lotse.notify.v1 import notify_service_pb2 as api
from services.common.rpc.callers import Role
from services.common.rpc.client import RpcError
from services.notify.access import ACCESS
from services.notify.app import running
from tests.integration.notify.world import PARENT, Client, Home, World, new_referral

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAME = f"{PARENT}/recipients/desk"
NOWHERE = "00000000-0000-4000-8000-000000000000"


async def test_a_recipient_is_made_read_replaced_and_removed(world: World, office: Client) -> None:
    made = await office.add(
        email="desk@example.org", channels=[notify.CHANNEL_MAIL], topics=[notify.TOPIC_HANDOFF_CONFIRMED]
    )
    assert (await office.call("GetRecipient", name=NAME)).recipient == made
    changed = notify.Recipient(name=NAME, etag=made.etag, display_name="Neu", language_code="ar")
    after = (await office.call("UpdateRecipient", recipient=changed)).recipient
    assert after.etag != made.etag
    assert (after.display_name, after.email, list(after.channels), list(after.topics)) == ("Neu", "", [], [])
    same = (await office.call("UpdateRecipient", recipient=after)).recipient
    assert same == after
    listed = (await office.call("ListRecipients", parent=PARENT)).recipients
    assert [one.name for one in listed] == [NAME, f"{PARENT}/recipients/staff"]
    await office.call("DeleteRecipient", name=NAME, etag=after.etag)
    assert (await office.refused("GetRecipient", name=NAME)).reason == "RESOURCE_NOT_FOUND"
    again = await office.add()
    assert again.etag not in {made.etag, after.etag}


async def test_an_old_etag_changes_and_removes_nothing(world: World, office: Client) -> None:
    made = await office.add()
    fresh = notify.Recipient(name=NAME, etag=made.etag, display_name="Neu", language_code="en")
    await office.call("UpdateRecipient", recipient=fresh)
    assert (await office.refused("UpdateRecipient", recipient=fresh)).reason == "ETAG_MISMATCH"
    assert (await office.refused("DeleteRecipient", name=NAME, etag=made.etag)).reason == "ETAG_MISMATCH"
    fresh.etag = ""
    refusal = await office.refused("UpdateRecipient", recipient=fresh)
    assert (refusal.reason, refusal.paths) == ("INVALID_FIELD", ("recipient.etag",))


async def test_a_request_id_acts_once(world: World, office: Client) -> None:
    fields: dict[str, Any] = {
        "parent": PARENT,
        "recipient_id": "desk",
        "recipient": {"display_name": "A", "language_code": "de"},
        "request_id": str(uuid4()),
    }
    first = await office.call("CreateRecipient", **fields)
    assert await office.call("CreateRecipient", **fields) == first
    other = fields | {"recipient": {"display_name": "B", "language_code": "de"}}
    assert (await office.refused("CreateRecipient", **other)).reason == "REQUEST_ID_REUSED"
    twice = fields | {"request_id": str(uuid4())}
    assert (await office.refused("CreateRecipient", **twice)).reason == "RESOURCE_EXISTS"
    change = {"recipient": {**fields["recipient"], "name": NAME, "etag": first.recipient.etag, "display_name": "C"}}
    update = {**change, "request_id": str(uuid4())}
    after = await office.call("UpdateRecipient", **update)
    assert await office.call("UpdateRecipient", **update) == after


@pytest.mark.parametrize(
    ("fields", "code", "reason"),
    [
        ({"channels": [notify.CHANNEL_MAIL]}, "FAILED_PRECONDITION", "CHANNEL_NOT_POSSIBLE"),
        ({"channels": [2], "email": "a..b@example.org"}, "FAILED_PRECONDITION", "CHANNEL_NOT_POSSIBLE"),
        ({"channels": [2], "email": "LOTSE@dresden.example"}, "FAILED_PRECONDITION", "CHANNEL_NOT_POSSIBLE"),
        ({"email": "a@example.org\r\nBcc: b@example.org"}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"email": "a@example.org\nX: y"}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"email": "Name <a@example.org>"}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"email": "büro@example.org"}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"email": "a@köln.example"}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"email": "a" * 250 + "@x.de"}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"display_name": "Desk\r\nBcc: b@example.org"}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"display_name": "Desk\u202e"}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"display_name": "  "}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"display_name": ""}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"display_name": "x" * 121}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"language_code": "fr"}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"language_code": ""}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"channels": [0]}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"channels": [1, 1]}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"channels": [9]}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"topics": [0]}, "INVALID_ARGUMENT", "INVALID_FIELD"),
        ({"topics": [99]}, "INVALID_ARGUMENT", "INVALID_FIELD"),
    ],
)
async def test_a_recipient_that_cannot_be_told_is_refused_with_its_reason(
    world: World, office: Client, fields: dict[str, Any], code: str, reason: str
) -> None:
    recipient = {"display_name": "Desk", "language_code": "de"} | fields
    refusal = await office.refused("CreateRecipient", parent=PARENT, recipient_id="desk", recipient=recipient)
    assert (refusal.code, refusal.reason) == (code, reason)
    assert (await office.refused("GetRecipient", name=NAME)).reason == "RESOURCE_NOT_FOUND"


async def test_an_umlaut_domain_is_taken_in_its_ascii_form(world: World, office: Client) -> None:
    assert (await office.add(email="stelle@xn--kln-sna.example", channels=[2])).email == "stelle@xn--kln-sna.example"


async def test_a_reserved_id_is_refused(world: World, office: Client) -> None:
    recipient = {"display_name": "Desk", "language_code": "de"}
    refusal = await office.refused("CreateRecipient", parent=PARENT, recipient_id="new", recipient=recipient)
    assert (refusal.reason, refusal.paths) == ("INVALID_FIELD", ("recipient_id",))


async def test_a_node_without_mail_server_gives_nobody_the_channel(home: Home, database_url: str) -> None:
    recipient = {"display_name": "Desk", "language_code": "de", "email": "a@example.org", "channels": [2]}
    settings = home.settings(database_url)
    async with running(settings) as service, World(home, service).caller(Role.COORDINATOR) as office:
        refusal = await office.refused("CreateRecipient", parent=PARENT, recipient_id="desk", recipient=recipient)
        assert refusal.reason == "CHANNEL_NOT_POSSIBLE"


async def test_a_refusal_is_told_in_german(world: World, office: Client) -> None:
    recipient = notify.Recipient(display_name="Desk", language_code="de", channels=[notify.CHANNEL_MAIL])
    with pytest.raises(RpcError) as caught:
        await office.stub.CreateRecipient(
            api.CreateRecipientRequest(parent=PARENT, recipient_id="desk", recipient=recipient),
            metadata=(("accept-language", "de"),),
        )
    assert caught.value.localized.startswith("Über diesen Weg")


async def test_pages_show_everything_once_newest_first(world: World, desk: Client, office: Client) -> None:
    await world.hear(*(new_referral().says("DELIVERED", 3) for _ in range(7)))
    whole = [one.name for one in await desk.notifications()]
    for method, client, field in (
        ("ListNotifications", desk, "notifications"),
        ("ListDeliveries", office, "deliveries"),
    ):
        token, seen = "", []
        while True:
            page = await client.call(method, parent=PARENT, page_size=3, page_token=token)
            seen += [one.name for one in getattr(page, field)]
            # What comes meanwhile does not shift the pages.
            await world.hear(new_referral().says("DELIVERED", 3))
            token = page.next_page_token
            if not token:
                break
        assert len(seen) == len(set(seen)) >= 7
        if field == "notifications":
            assert seen == whole


async def test_a_page_token_of_another_query_or_caller_is_refused(world: World, desk: Client) -> None:
    await world.hear(*(new_referral().says("DELIVERED", 3) for _ in range(3)))
    token = (await desk.call("ListNotifications", parent=PARENT, page_size=1)).next_page_token
    other_query = {"parent": PARENT, "page_token": token, "unacknowledged_only": True}
    assert (await desk.refused("ListNotifications", **other_query)).reason == "PAGE_TOKEN_INVALID"
    assert (await desk.refused("ListNotifications", parent=PARENT, page_token="x")).reason == "PAGE_TOKEN_INVALID"
    async with world.caller(Role.HOTLINE) as other:
        refusal = await other.refused("ListNotifications", parent=PARENT, page_token=token)
        assert refusal.reason == "PAGE_TOKEN_INVALID"


async def test_deliveries_can_be_narrowed_to_a_state(world: World, office: Client) -> None:
    await world.hear(new_referral().says("DELIVERED", 3))
    assert len(await office.deliveries(state=notify.DELIVERY_STATE_SENT)) == 1
    assert await office.deliveries(state=notify.DELIVERY_STATE_FAILED) == []
    assert (await office.refused("ListDeliveries", parent=PARENT, state=9)).reason == "INVALID_FIELD"
    unknown = f"{PARENT}/deliveries/{NOWHERE}"
    assert (await office.refused("ResendDelivery", name=unknown)).reason == "RESOURCE_NOT_FOUND"
    [shown] = await office.deliveries()
    assert (await office.refused("ResendDelivery", name=shown.name)).reason == "STATE_NOT_ALLOWED"


REQUESTS: dict[str, dict[str, Any]] = {
    "ListNotifications": {"parent": PARENT},
    "AcknowledgeNotification": {"name": f"{PARENT}/notifications/{NOWHERE}"},
    "CreateRecipient": {
        "parent": PARENT,
        "recipient_id": "x",
        "recipient": {"display_name": "X", "language_code": "de", "channels": [2]},
    },
    "GetRecipient": {"name": f"{PARENT}/recipients/x"},
    "ListRecipients": {"parent": PARENT},
    "UpdateRecipient": {
        "recipient": {"name": f"{PARENT}/recipients/x", "etag": "e", "display_name": "X", "language_code": "de"}
    },
    "DeleteRecipient": {"name": f"{PARENT}/recipients/x", "etag": "e"},
    "ListDeliveries": {"parent": PARENT},
    "ResendDelivery": {"name": f"{PARENT}/deliveries/{NOWHERE}"},
}
DESKS = {Role.COUNSELLOR, Role.HOTLINE, Role.EDITOR}
COORDINATION = {Role.OPERATOR, Role.COORDINATOR}


async def test_each_method_is_open_to_its_roles_and_to_its_own_region_only(world: World) -> None:
    assert {path.rpartition("/")[2] for path in ACCESS} == {*REQUESTS, "WatchNotifications"}
    for role in Role:
        async with world.caller(role) as client, world.caller(role, region="leipzig") as stranger:
            for method, fields in REQUESTS.items():
                wanted = DESKS if "Notification" in method else COORDINATION
                reason = await reason_of(client, method, fields)
                assert (reason == "ROLE_NOT_ALLOWED") is (role not in wanted), (role, method)
                assert await reason_of(stranger, method, fields) in {"FOREIGN_REGION", "ROLE_NOT_ALLOWED"}
                if role in wanted:
                    assert await reason_of(client, method, moved(fields)) == "FOREIGN_REGION", method


def moved(fields: dict[str, Any]) -> dict[str, Any]:
    """Name another region in a request, also in the record that it carries."""
    return {
        key: moved(value) if isinstance(value, dict) else str(value).replace("dresden", "leipzig")
        for key, value in fields.items()
        if key != "channels"
    }


async def reason_of(client: Client, method: str, fields: dict[str, Any]) -> str:
    try:
        await client.call(method, **fields)
    except RpcError as error:
        return error.reason
    return "OK"
