"""Converts between protobuf and the domain, and does nothing else."""

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import DecodeError

from lotse.notify.v1 import notify_pb2 as messages
from lotse.referral.v1 import referral_pb2
from lotse.referral.v1.referral_events_pb2 import ReferralChanged
from services.common.errors import CorrectTheRequest
from services.common.messaging.refusals import Reason
from services.common.names import RegionId, ResourceName, parse_name
from services.notify.domain.records import Channel, Delivery, DeliveryState, Notification, Recipient, Topic
from services.notify.domain.steps import Change, Side, State

_CHANNELS = messages.Channel.DESCRIPTOR
_TOPICS = messages.Topic.DESCRIPTOR
_STATES = messages.DeliveryState.DESCRIPTOR
_SHOWN = {DeliveryState.HANDED_OVER: DeliveryState.PENDING}
"""What callers see of a state that is ours alone."""


class NotReadable(Exception):
    """An event says nothing that can be told; `reason` says why it is parked."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def change_of(body: bytes, region: RegionId, record_id: str) -> Change:
    """Read a ReferralChanged of this region, whose envelope names the same referral; raises NotReadable."""
    try:
        event = ReferralChanged.FromString(body)
        name = parse_name(event.name, "referrals")
    except (DecodeError, CorrectTheRequest) as error:
        raise NotReadable(Reason.BODY_INVALID) from error
    # A sender may give each step a record id of its own behind the referral's, so that no relay merges two steps.
    if name.region != region or not record_id.startswith(name.id) or event.version < 1:
        raise NotReadable(Reason.BODY_INVALID)
    return Change(
        subject=str(name),
        side=Side(_name_of(referral_pb2.Side.DESCRIPTOR, event.side)),
        state=State(_name_of(referral_pb2.ReferralState.DESCRIPTOR, event.state)),
        version=event.version,
        handoff_confirmed=event.handoff_confirmed,
        conflict=event.conflict,
    )


def recipient_of(message: messages.Recipient, recipient_id: str) -> Recipient:
    """Read what a caller sent; uid and revision are the server's."""
    return Recipient(
        id=recipient_id,
        uid="",
        revision=0,
        display_name=message.display_name,
        language_code=message.language_code,
        email=message.email,
        channels=tuple(Channel(_name_of(_CHANNELS, number)) for number in message.channels),
        topics=tuple(Topic(_name_of(_TOPICS, number)) for number in message.topics),
        paused=message.paused,
    )


def recipient_message(recipient: Recipient, region: RegionId) -> messages.Recipient:
    """Write a recipient."""
    return messages.Recipient(
        name=_resource(region, "recipients", recipient.id),
        etag=recipient.etag,
        display_name=recipient.display_name,
        language_code=recipient.language_code,
        email=recipient.email,
        channels=[messages.Channel.Value(f"CHANNEL_{channel}") for channel in recipient.channels],
        topics=[messages.Topic.Value(f"TOPIC_{topic}") for topic in recipient.topics],
        paused=recipient.paused,
    )


def notification_message(notification: Notification, region: RegionId) -> messages.Notification:
    """Write a notification."""
    message = messages.Notification(
        name=_resource(region, "notifications", notification.id),
        recipient=_resource(region, "recipients", notification.recipient),
        topic=messages.Topic.Value(f"TOPIC_{notification.topic}"),
        subject=notification.subject,
        version=notification.version,
        text=notification.text,
    )
    message.create_time.FromDatetime(notification.create_time)
    if notification.acknowledge_time is not None:
        message.acknowledge_time.FromDatetime(notification.acknowledge_time)
    return message


def delivery_message(delivery: Delivery, region: RegionId) -> messages.Delivery:
    """Write a delivery."""
    state = _SHOWN.get(delivery.state, delivery.state)
    message = messages.Delivery(
        name=_resource(region, "deliveries", delivery.id),
        notification=_resource(region, "notifications", delivery.notification),
        channel=messages.Channel.Value(f"CHANNEL_{delivery.channel}"),
        state=messages.DeliveryState.Value(f"DELIVERY_STATE_{state}"),
        attempts=delivery.attempts,
        smtp_code=delivery.smtp_code,
    )
    message.update_time.FromDatetime(delivery.update_time)
    if delivery.next_time is not None:
        message.next_time.FromDatetime(delivery.next_time)
    return message


def states_of(number: int) -> tuple[DeliveryState, ...]:
    """Give the states that a filter means; none for "all"."""
    if number == messages.DELIVERY_STATE_UNSPECIFIED:
        return ()
    wanted = DeliveryState(_name_of(_STATES, number))
    return (wanted, *(ours for ours, shown in _SHOWN.items() if shown is wanted))


def _resource(region: RegionId, collection: str, record_id: str) -> str:
    return str(ResourceName(region, collection, record_id))


def _name_of(enum: EnumDescriptor, number: int) -> str:
    """Give a value's name without the prefix; raises NotReadable for none and for one of a newer contract."""
    value = enum.values_by_number.get(number)
    if value is None:
        raise NotReadable(Reason.SCHEMA_NEWER)
    if number == 0:
        raise NotReadable(Reason.BODY_INVALID)
    return value.name.removeprefix(enum.values_by_number[0].name.removesuffix("UNSPECIFIED"))
