"""Each recipient hears of each step once on each channel, whatever comes twice or in another order."""

import random
from datetime import timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from lotse.notify.v1 import notify_pb2 as notify
from services.common.clock import utc_now
from services.common.db import migrations
from services.common.rpc.callers import Role
from services.notify.adapters.sql import SqlNotifyStore
from services.notify.app import MIGRATIONS, running
from services.notify.catching import Catcher
from services.notify.housekeeping import Housekeeping
from tests.integration.notify.world import PARENT, Client, Home, World, new_referral
from tests.support.processes import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

WAY = ("SUBMITTED", "DELIVERED", "IN_REVIEW", "ACCEPTED", "IN_SERVICE", "COMPLETED", "CLOSED")


async def test_the_migrations_make_the_tables_of_the_code(database_url: str) -> None:
    await migrations.upgrade(database_url, MIGRATIONS, "notify")
    assert await migrations.differences(database_url, MIGRATIONS, "notify") == ""


async def test_the_first_start_makes_somebody_who_is_told(world: World, desk: Client, office: Client) -> None:
    [staff] = (await office.call("ListRecipients", parent=PARENT)).recipients
    assert (staff.name, staff.language_code, staff.email) == (f"{PARENT}/recipients/staff", "de", "")
    referral = new_referral("TARGET")
    await world.hear(referral.says("DELIVERED", 3))
    [told] = await desk.notifications()
    assert (told.recipient, told.topic) == (staff.name, notify.TOPIC_REFERRAL_RECEIVED)
    assert (told.subject, told.version) == (referral.name, 3)
    assert told.text == f"Verweisung R-{referral.id[:8].upper()}: Eine neue Verweisung ist eingegangen."
    assert told.HasField("create_time")
    assert not told.HasField("acknowledge_time")


async def test_who_was_removed_on_purpose_does_not_come_back_at_the_next_start(home: Home, database_url: str) -> None:
    for expected in (1, 0, 0):
        settings = home.settings(database_url)
        async with running(settings) as service, World(home, service).caller(Role.OPERATOR) as office:
            found = (await office.call("ListRecipients", parent=PARENT)).recipients
            assert len(found) == expected
            for staff in found:
                await office.call("DeleteRecipient", name=staff.name, etag=staff.etag)


async def test_repeats_in_any_order_make_one_notification_a_step_and_channel(
    world: World, desk: Client, office: Client, catcher: Catcher
) -> None:
    await office.add("both", email="both@example.org", channels=[notify.CHANNEL_INBOX, notify.CHANNEL_MAIL])
    draw = random.Random(7)
    referrals = [new_referral() for _ in range(3)]
    events = [
        referral.says(state, version, handoff_confirmed=version >= 5)
        for referral in referrals
        for version, state in enumerate(WAY, start=2)
    ]
    heap = events * 3
    draw.shuffle(heap)
    while heap:
        batch, heap = heap[: (size := draw.randint(1, 9))], heap[size:]
        await world.hear(*batch, deliveries=draw.randint(1, 3))
    for recipient in ("staff", "both"):
        told = await desk.notifications(recipient=f"{PARENT}/recipients/{recipient}")
        assert len({(one.subject, one.version, one.topic) for one in told}) == len(told) == 3 * len(WAY)
        for referral in referrals:
            mine = [one.topic for one in told if one.subject == referral.name]
            assert mine.count(notify.TOPIC_HANDOFF_CONFIRMED) == 1
    mails = 3 * len(WAY)

    async def all_sent() -> bool:
        return len(await office.deliveries(state=notify.DELIVERY_STATE_SENT)) == mails * 3

    await until(all_sent, "all mails sent")
    assert len(catcher.messages) == mails
    assert len({caught.message["Message-ID"] for caught in catcher.messages}) == mails
    assert {caught.recipients for caught in catcher.messages} == {("both@example.org",)}


async def test_a_repeat_after_a_recipient_was_added_tells_it_nothing_old(
    world: World, desk: Client, office: Client
) -> None:
    referral = new_referral()
    await world.hear(referral.says("SUBMITTED", 2))
    await office.add("late")
    await world.hear(referral.says("SUBMITTED", 2), referral.says("DELIVERED", 3))
    told = await desk.notifications(recipient=f"{PARENT}/recipients/late")
    assert [one.version for one in told] == [3]


async def test_a_recipient_hears_only_what_it_wants_and_nothing_while_it_is_paused(
    world: World, desk: Client, office: Client
) -> None:
    await office.add("refusals", topics=[notify.TOPIC_REFERRAL_DECLINED, notify.TOPIC_REFERRAL_UNDELIVERABLE])
    await office.add("away", paused=True)
    referral = new_referral()
    await world.hear(referral.says("DELIVERED", 3), referral.says("DECLINED", 4))
    told = await desk.notifications(recipient=f"{PARENT}/recipients/refusals")
    assert [one.topic for one in told] == [notify.TOPIC_REFERRAL_DECLINED]
    assert await desk.notifications(recipient=f"{PARENT}/recipients/away") == []


async def test_a_handoff_is_confirmed_only_by_an_event_that_says_so_at_the_source(world: World, desk: Client) -> None:
    ours, theirs = new_referral("SOURCE"), new_referral("TARGET")
    await world.hear(theirs.says("ACCEPTED", 4, handoff_confirmed=True), ours.says("ACCEPTED", 4))
    assert {one.topic for one in await desk.notifications()} == {notify.TOPIC_REFERRAL_CHANGED}
    await world.hear(ours.says("ACCEPTED", 4, handoff_confirmed=True))
    [newest, *_] = await desk.notifications()
    assert (newest.topic, newest.subject) == (notify.TOPIC_HANDOFF_CONFIRMED, ours.name)


async def test_a_refused_withdrawal_is_told(world: World, desk: Client) -> None:
    referral = new_referral()
    await world.hear(referral.says("IN_SERVICE", 5), referral.says("IN_SERVICE", 5, conflict=True))
    assert len(await desk.notifications()) == 2


@pytest.mark.parametrize("side", ["SOURCE", "TARGET"])
async def test_a_withdrawal_is_told_and_mailed_once_though_it_is_said_twice(
    world: World, desk: Client, office: Client, catcher: Catcher, side: str
) -> None:
    await office.add("both", email="both@example.org", channels=[notify.CHANNEL_INBOX, notify.CHANNEL_MAIL])
    referral = new_referral(side)
    # The source says it before anybody has heard of the referral, and again when the target has written it.
    said = [referral.says("WITHDRAWN", 3), referral.says("WITHDRAWN", 4)]
    await world.hear(said[0])
    await world.hear(*said)
    await world.hear(*reversed(said), deliveries=2)
    await world.hear(referral.says("CLOSED", 5))
    told = await desk.notifications(recipient=f"{PARENT}/recipients/both")
    assert [one.topic for one in told] == [notify.TOPIC_REFERRAL_CHANGED, notify.TOPIC_REFERRAL_WITHDRAWN]

    async def all_sent() -> bool:
        sent = await office.deliveries(state=notify.DELIVERY_STATE_SENT)
        return sum(one.channel == notify.CHANNEL_MAIL for one in sent) == 2

    await until(all_sent, "both mails sent")
    assert len({caught.subject for caught in catcher.messages}) == len(catcher.messages) == 2


async def test_what_is_withdrawn_after_a_refusal_is_told_again(world: World, desk: Client) -> None:
    referral = new_referral()
    way = [
        referral.says("WITHDRAWN", 3),
        referral.says("ACCEPTED", 4, handoff_confirmed=True),
        referral.says("ACCEPTED", 4, handoff_confirmed=True, conflict=True),
        referral.says("WITHDRAWN", 5, handoff_confirmed=True),
    ]
    for event in way:
        await world.hear(event)
    await world.hear(*way, deliveries=2)
    topics = [one.topic for one in reversed(await desk.notifications())]
    assert topics == [
        notify.TOPIC_REFERRAL_WITHDRAWN,
        notify.TOPIC_HANDOFF_CONFIRMED,
        notify.TOPIC_REFERRAL_CHANGED,
        notify.TOPIC_REFERRAL_WITHDRAWN,
    ]


async def test_each_is_told_in_its_language_without_anything_personal(
    world: World, desk: Client, office: Client, catcher: Catcher
) -> None:
    for language in ("de", "en", "uk", "ar"):
        channels = [notify.CHANNEL_INBOX, notify.CHANNEL_MAIL]
        await office.add(f"in-{language}", language_code=language, email=f"{language}@example.org", channels=channels)
    referral = new_referral("TARGET")
    await world.hear(referral.says("DELIVERED", 3, offer="regions/dresden/offers/geheimangebot"))

    async def came() -> bool:
        return len(catcher.messages) == 4

    await until(came, "four mails")
    number = f"R-{referral.id[:8].upper()}"
    by_address = {caught.recipients[0]: caught for caught in catcher.messages}
    for language in ("de", "en", "uk", "ar"):
        caught = by_address[f"{language}@example.org"]
        [told] = await desk.notifications(recipient=f"{PARENT}/recipients/in-{language}")
        assert caught.subject == told.text
        assert number in caught.subject
        assert f"https://lotse.example/referrals/{referral.id}" in caught.text
        assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in caught.html
        assert caught.sender == ""
        for secret in ("leipzig", "geheimangebot", "Erstberatung"):
            assert secret not in caught.message.as_string() + caught.text + caught.html


async def test_somebody_who_wants_mail_only_does_not_fill_the_inbox(
    world: World, desk: Client, office: Client, catcher: Catcher
) -> None:
    await office.add("mail-only", email="m@example.org", channels=[notify.CHANNEL_MAIL])
    await world.hear(new_referral().says("DELIVERED", 3))
    assert {one.recipient for one in await desk.notifications()} == {f"{PARENT}/recipients/staff"}

    async def came() -> bool:
        return len(catcher.messages) == 1

    await until(came, "the mail")


async def test_what_was_told_long_ago_goes_with_its_log(world: World, desk: Client, office: Client) -> None:
    await world.hear(new_referral().says("DELIVERED", 3))
    store = SqlNotifyStore(world.service.database)

    def house(days: int) -> Housekeeping:
        keep = timedelta(days=400)
        return Housekeeping(store, lambda: utc_now() + timedelta(days=days), keep, timedelta(days=2), 60)

    assert await house(399).once() == 0
    assert await house(401).once() == 1
    assert await desk.notifications() == []
    assert await office.deliveries() == []


async def test_acknowledging_twice_keeps_the_first_time(world: World, desk: Client) -> None:
    await world.hear(new_referral().says("DELIVERED", 3))
    [told] = await desk.notifications()
    times: list[Timestamp] = []
    for _ in range(2):
        answer = await desk.call("AcknowledgeNotification", name=told.name)
        times.append(answer.notification.acknowledge_time)
    assert times[0] == times[1]
    assert await desk.notifications(unacknowledged_only=True) == []
    unknown = f"{PARENT}/notifications/00000000-0000-4000-8000-000000000000"
    assert (await desk.refused("AcknowledgeNotification", name=unknown)).reason == "RESOURCE_NOT_FOUND"
