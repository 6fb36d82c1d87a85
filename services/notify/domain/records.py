"""Owns what the service keeps: recipients, what they were told, and how each message fared on its channel.

Nothing here is about a client: a recipient is a desk or a role mailbox, a notification names a referral by its number.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.common.errors import MendTheState, ReadAgain


class Channel(StrEnum):
    """Ways to tell somebody."""

    INBOX = "INBOX"
    MAIL = "MAIL"


class Topic(StrEnum):
    """What somebody can ask to be told of."""

    REFERRAL_RECEIVED = "REFERRAL_RECEIVED"
    REFERRAL_DELIVERED = "REFERRAL_DELIVERED"
    HANDOFF_CONFIRMED = "HANDOFF_CONFIRMED"
    REFERRAL_DECLINED = "REFERRAL_DECLINED"
    REFERRAL_CHANGED = "REFERRAL_CHANGED"
    REFERRAL_UNDELIVERABLE = "REFERRAL_UNDELIVERABLE"
    REFERRAL_WITHDRAWN = "REFERRAL_WITHDRAWN"


class DeliveryState(StrEnum):
    """Where a delivery stands. HANDED_OVER is ours alone: the mail server may be taking it at this moment."""

    PENDING = "PENDING"
    HANDED_OVER = "HANDED_OVER"
    SENT = "SENT"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who is told. Empty `channels`: the inbox; empty `topics`: everything; `email` may be ""."""

    id: str
    uid: str
    revision: int
    display_name: str
    language_code: str
    email: str = ""
    channels: tuple[Channel, ...] = ()
    topics: tuple[Topic, ...] = ()
    paused: bool = False

    @property
    def etag(self) -> str:
        """Give the version as callers hold it: a hash of uid and revision, which tells nothing of the content."""
        return hashlib.sha256(f"{self.uid}:{self.revision}".encode()).hexdigest()[:32]

    @property
    def ways(self) -> tuple[Channel, ...]:
        """Give the channels on which it is told."""
        return self.channels or (Channel.INBOX,)

    def wants(self, topic: Topic) -> bool:
        """Say whether it is to be told of this now."""
        return not self.paused and (not self.topics or topic in self.topics)

    def replaced_by(self, change: "Recipient", etag: str) -> "Recipient":
        """Give the next version with the values of `change`, or itself when nothing differs; raises ETAG_MISMATCH."""
        self.require(etag)
        same = replace(change, uid=self.uid, revision=self.revision)
        return self if same == self else replace(same, revision=self.revision + 1)

    def require(self, etag: str) -> None:
        """Raise ETAG_MISMATCH unless the etag is that of this version."""
        if etag != self.etag:
            raise ReadAgain("ETAG_MISMATCH", "the recipient has changed since this etag was read")


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing that one recipient was told. `seq` rises in the order of commits; `subject` is a referral's name."""

    seq: int
    id: str
    recipient: str
    topic: Topic
    wording: str
    subject: str
    version: int
    text: str
    create_time: datetime
    acknowledge_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notification on one channel. `since` is when it was first to be sent, or asked for again."""

    seq: int
    id: str
    notification: str
    channel: Channel
    state: DeliveryState
    attempts: int
    smtp_code: int
    since: datetime
    next_time: datetime | None
    update_time: datetime

    def again(self, moment: datetime) -> "Delivery":
        """Give it as it waits to be sent once more; raises STATE_NOT_ALLOWED unless it failed or nobody knows."""
        if self.state not in {DeliveryState.FAILED, DeliveryState.UNKNOWN}:
            message = "only a failed or unknown delivery is sent again"
            raise MendTheState("STATE_NOT_ALLOWED", message, metadata={"state": str(self.state)})
        return replace(self, state=DeliveryState.PENDING, since=moment, next_time=moment, update_time=moment)
