"""How events and messages are read and written."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotse.notify.v1 import notify_pb2 as messages
from lotse.referral.v1.referral_events_pb2 import ReferralChanged
from lotse.referral.v1.referral_pb2 import REFERRAL_STATE_DELIVERED, SIDE_TARGET
from services.common.messaging.refusals import Reason
from services.common.names import RegionId
from services.notify.convert import (
    NotReadable,
    change_of,
    delivery_message,
    notification_message,
    recipient_message,
    recipient_of,
    states_of,
)
from services.notify.domain.records import Channel, Delivery, DeliveryState, Notification, Recipient, Topic
from services.notify.domain.steps import Side, State

DRESDEN = RegionId("dresden")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ID = "3f9a01bc-1111-4222-8333-444455556666"


def event(**given: object) -> bytes:
    needed = {"name": f"regions/dresden/referrals/{ID}", "side": SIDE_TARGET, "state": REFERRAL_STATE_DELIVERED}
    return ReferralChanged(**needed | {"version": 3} | given).SerializeToString()  # type: ignore[arg-type]  # a test's


def test_an_event_is_read_whatever_its_record_id_has_behind_the_referrals() -> None:
    for record_id in (ID, f"{ID}-3"):
        read = change_of(event(), DRESDEN, record_id)
        assert (read.subject, read.side, read.state) == (
            f"regions/dresden/referrals/{ID}",
            Side.TARGET,
            State.DELIVERED,
        )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff\xff", Reason.BODY_INVALID),
        (b"", Reason.BODY_INVALID),
        (event(name=f"regions/leipzig/referrals/{ID}"), Reason.BODY_INVALID),
        (event(name=f"regions/dresden/offers/{ID}"), Reason.BODY_INVALID),
        (event(name="regions/dresden/referrals/another"), Reason.BODY_INVALID),
        (event(version=0), Reason.BODY_INVALID),
        (event(version=-1), Reason.BODY_INVALID),
        (event(side=0), Reason.BODY_INVALID),
        (event(state=0), Reason.BODY_INVALID),
        (event(state=99), Reason.SCHEMA_NEWER),
        (event(side=99), Reason.SCHEMA_NEWER),
    ],
)
def test_an_event_that_cannot_be_told_is_refused_with_its_reason(body: bytes, reason: Reason) -> None:
    with pytest.raises(NotReadable) as caught:
        change_of(body, DRESDEN, ID)
    assert caught.value.reason is reason


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(body: bytes) -> None:
    with suppress(NotReadable):
        change_of(body, DRESDEN, ID)


@given(
    st.builds(
        Recipient,
        id=st.just("staff"),
        uid=st.just(""),
        revision=st.just(0),
        display_name=st.text(st.characters(codec="utf-8"), max_size=20),
        language_code=st.sampled_from(["de", "en", "uk", "ar"]),
        email=st.sampled_from(["", "a@example.org"]),
        channels=st.lists(st.sampled_from(Channel), unique=True).map(tuple),
        topics=st.lists(st.sampled_from(Topic), unique=True).map(tuple),
        paused=st.booleans(),
    )
)
def test_a_recipient_survives_the_way_there_and_back(recipient: Recipient) -> None:
    message = recipient_message(replace(recipient, uid="u", revision=2), DRESDEN)
    assert message.name == "regions/dresden/recipients/staff"
    assert message.etag
    assert recipient_of(message, "staff") == recipient


def test_every_topic_channel_and_state_has_its_name_in_the_contract() -> None:
    for topic in Topic:
        notification = Notification(1, "n", "staff", topic, "received", "s", 3, "t", NOON, NOON)
        assert notification_message(notification, DRESDEN).topic == messages.Topic.Value(f"TOPIC_{topic}")
    assert {f"TOPIC_{topic}" for topic in Topic} == set(messages.Topic.keys()) - {"TOPIC_UNSPECIFIED"}
    assert {f"CHANNEL_{channel}" for channel in Channel} == set(messages.Channel.keys()) - {"CHANNEL_UNSPECIFIED"}


def test_a_mail_that_is_being_handed_over_is_shown_as_pending() -> None:
    delivery = Delivery(1, "d", "n", Channel.MAIL, DeliveryState.HANDED_OVER, 1, 0, NOON, None, NOON)
    message = delivery_message(delivery, DRESDEN)
    assert message.state == messages.DELIVERY_STATE_PENDING
    assert not message.HasField("next_time")
    assert states_of(messages.DELIVERY_STATE_PENDING) == (DeliveryState.PENDING, DeliveryState.HANDED_OVER)
    assert states_of(messages.DELIVERY_STATE_UNSPECIFIED) == ()
    assert states_of(messages.DELIVERY_STATE_FAILED) == (DeliveryState.FAILED,)
