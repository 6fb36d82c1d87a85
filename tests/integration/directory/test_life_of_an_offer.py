"""The whole life of an offer over gRPC, and what the federation hears of each step."""

import pytest

from lotse.directory.v1 import offer_pb2
from services.directory.app import RunningDirectory
from tests.integration.directory.client import Client, sent
from tests.integration.directory.records import PARENT, draft, name

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_offer_lives_from_draft_to_end_and_is_told_to_everybody(
    directory: RunningDirectory, editor: Client
) -> None:
    await editor.make_partner()
    made = await editor.make_offer()
    assert made.name == name("offers", "erstberatung")
    assert (made.revision, made.state) == (1, offer_pb2.OFFER_STATE_DRAFT)
    assert not made.HasField("review_due_date")
    assert await sent(directory.database, "offer") == []

    public = await editor.publish(made)
    assert public.state == offer_pb2.OFFER_STATE_PUBLISHED
    assert public.HasField("confirm_time")
    assert public.HasField("review_due_date")
    paused = (await editor.call("PauseOffer", name=public.name, etag=public.etag)).offer
    confirmed = (await editor.call("ConfirmOffer", name=paused.name, etag=paused.etag)).offer
    assert confirmed.confirm_time.ToNanoseconds() > public.confirm_time.ToNanoseconds()
    again = await editor.publish(confirmed)
    ended = (await editor.call("EndOffer", name=again.name, etag=again.etag)).offer
    assert ended.state == offer_pb2.OFFER_STATE_ENDED
    assert ended.revision == 6
    read = (await editor.call("GetOffer", name=ended.name)).offer
    assert read == ended

    for target in ("hub", "local"):
        rows = await sent(directory.database, "offer", target)
        assert [row.revision for row in rows] == [1, 2, 3, 4, 5]
        assert [row.entry.offer.state for row in rows] == [2, 3, 3, 2, 4]
        assert all(row.entry.partner.display_name == "Welcome Center Dresden" for row in rows)
        assert not any(row.entry.offer.etag or row.entry.partner.etag for row in rows)


async def test_publishing_names_everything_that_is_missing_at_once(editor: Client) -> None:
    await editor.make_partner(contacts=[])
    made = (await editor.call("CreateOffer", parent=PARENT, offer_id="leer", offer=draft())).offer
    refusal = await editor.refused("PublishOffer", name=made.name, etag=made.etag)
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "NOT_PUBLISHABLE")
    assert refusal.paths == ("offer.audiences", "offer.catchment", "offer.contacts", "offer.texts", "offer.topics")


async def test_an_update_counts_up_and_is_told(directory: RunningDirectory, editor: Client) -> None:
    await editor.make_partner()
    public = await editor.publish(await editor.make_offer())
    public.topics.append("language")
    after = (await editor.call("UpdateOffer", offer=public)).offer
    assert after.revision == public.revision + 1
    assert after.etag != public.etag
    assert list(after.topics) == ["recognition", "language"]
    rows = await sent(directory.database, "offer")
    assert list(rows[-1].entry.offer.topics) == ["recognition", "language"]
