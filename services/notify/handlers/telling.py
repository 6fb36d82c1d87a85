"""Guarantees that each step of a referral is told once to each recipient that wants it, on each of its channels."""

from collections.abc import Sequence
from datetime import datetime

from services.common.ids import NewId
from services.notify.domain.records import Channel, Delivery, DeliveryState, Notification, Recipient
from services.notify.domain.steps import Change, Step, needs_history, steps_of
from services.notify.ports import Transaction, Words

MOST_RECIPIENTS = 500
"""More are not told: the list that a coordinator sees ends there too."""


async def tell(store: Transaction, words: Words, changes: Sequence[Change], moment: datetime, new_id: NewId) -> int:
    """Tell of these changes; gives how many notifications were made. A repeat makes none, whoever was added since."""
    recipients = await store.recipients(MOST_RECIPIENTS)
    count = 0
    for change in changes:
        told = await store.told_steps(change.subject) if needs_history(change) else ()
        for step in steps_of(change, told):
            if not await store.begin_step(change.subject, step.key, moment):
                continue
            wanting = [recipient for recipient in recipients if recipient.wants(step.topic)]
            for recipient in wanting:
                await _tell_one(store, words, recipient, change, step, moment, new_id)
            count += len(wanting)
    return count


async def _tell_one(
    store: Transaction,
    words: Words,
    recipient: Recipient,
    change: Change,
    step: Step,
    moment: datetime,
    new_id: NewId,
) -> None:
    notification = Notification(
        seq=0,
        id=str(new_id()),
        recipient=recipient.id,
        topic=step.topic,
        wording=step.wording,
        subject=change.subject,
        version=change.version,
        text=words.line(recipient.language_code, step.wording, change.subject),
        create_time=moment,
    )
    await store.add_notification(notification, step.key, inbox=Channel.INBOX in recipient.ways)
    for channel in recipient.ways:
        await store.add_delivery(_delivery(str(new_id()), notification.id, channel, moment))


def _delivery(delivery_id: str, notification_id: str, channel: Channel, moment: datetime) -> Delivery:
    """Begin a delivery: what stands in the inbox is there with the commit, a mail has its way before it."""
    mail = channel is Channel.MAIL
    return Delivery(
        seq=0,
        id=delivery_id,
        notification=notification_id,
        channel=channel,
        state=DeliveryState.PENDING if mail else DeliveryState.SENT,
        attempts=0 if mail else 1,
        smtp_code=0,
        since=moment,
        next_time=moment if mail else None,
        update_time=moment,
    )
