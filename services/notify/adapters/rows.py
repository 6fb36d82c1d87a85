"""Owns how recipients, notifications and deliveries become rows and back."""

from typing import Any

from sqlalchemy import Row

from services.notify.adapters.tables import NotifyTable
from services.notify.domain.records import Channel, Delivery, DeliveryState, Notification, Recipient, Topic

RECIPIENT = NotifyTable.metadata.tables["recipient"]
STEP = NotifyTable.metadata.tables["step"]
NOTIFICATION = NotifyTable.metadata.tables["notification"]
DELIVERY = NotifyTable.metadata.tables["delivery"]
MARK = NotifyTable.metadata.tables["mark"]


def recipient_values(recipient: Recipient) -> dict[str, Any]:
    """Give the columns of a recipient but its times."""
    return {
        "id": recipient.id,
        "uid": recipient.uid,
        "revision": recipient.revision,
        "display_name": recipient.display_name,
        "language_code": recipient.language_code,
        "email": recipient.email,
        "channels": [str(channel) for channel in recipient.channels],
        "topics": [str(topic) for topic in recipient.topics],
        "paused": recipient.paused,
    }


def recipient_from(row: Row[Any]) -> Recipient:
    """Read a recipient."""
    return Recipient(
        id=row.id,
        uid=row.uid,
        revision=row.revision,
        display_name=row.display_name,
        language_code=row.language_code,
        email=row.email,
        channels=tuple(map(Channel, row.channels)),
        topics=tuple(map(Topic, row.topics)),
        paused=row.paused,
    )


def notification_values(notification: Notification, key: str, *, inbox: bool) -> dict[str, Any]:
    """Give the columns of a new notification."""
    return {
        "id": notification.id,
        "recipient": notification.recipient,
        "topic": str(notification.topic),
        "wording": notification.wording,
        "subject": notification.subject,
        "step_key": key,
        "version": notification.version,
        "text": notification.text,
        "inbox": inbox,
        "create_time": notification.create_time,
        "acknowledge_time": notification.acknowledge_time,
    }


def notification_from(row: Row[Any]) -> Notification:
    """Read a notification."""
    return Notification(
        seq=row.seq,
        id=row.id,
        recipient=row.recipient,
        topic=Topic(row.topic),
        wording=row.wording,
        subject=row.subject,
        version=row.version,
        text=row.text,
        create_time=row.create_time,
        acknowledge_time=row.acknowledge_time,
    )


def delivery_values(delivery: Delivery) -> dict[str, Any]:
    """Give the columns of a delivery but its place."""
    return {
        "id": delivery.id,
        "notification_id": delivery.notification,
        "channel": str(delivery.channel),
        "state": str(delivery.state),
        "attempts": delivery.attempts,
        "smtp_code": delivery.smtp_code,
        "since": delivery.since,
        "next_time": delivery.next_time,
        "update_time": delivery.update_time,
    }


def delivery_from(row: Row[Any]) -> Delivery:
    """Read a delivery."""
    return Delivery(
        seq=row.seq,
        id=row.id,
        notification=row.notification_id,
        channel=Channel(row.channel),
        state=DeliveryState(row.state),
        attempts=row.attempts,
        smtp_code=row.smtp_code,
        since=row.since,
        next_time=row.next_time,
        update_time=row.update_time,
    )
