"""Owns what the use cases need of the world: a store with one writer at a time, words, and a mail server.

Every method of a store may raise ComeBackLater DATABASE_UNAVAILABLE.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.common.db.parked import Unreadable
from services.common.db.requests import RequestKey
from services.notify.domain.records import Delivery, DeliveryState, Notification, Recipient
from services.notify.domain.sending import Outcome


@dataclass(frozen=True, slots=True)
class Letter:
    """What one mail says: a subject of one line, plain text and HTML."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter to one address; `id` is the delivery's, from which the Message-ID is made."""

    id: str
    address: str
    letter: Letter


class Reading(Protocol):
    """What is kept, at one moment."""

    async def recipient(self, recipient_id: str) -> Recipient | None:
        """Find one recipient."""

    async def recipients(self, limit: int) -> list[Recipient]:
        """List recipients by id."""

    async def notification(self, notification_id: str) -> Notification | None:
        """Find one notification."""

    async def notifications(
        self, size: int, *, recipient: str = "", open_only: bool = False, before: int | None = None
    ) -> list[Notification]:
        """List what stands in the inbox, newest first, from below `before`; `open_only`: not acknowledged."""

    async def arrivals(
        self, size: int, after: int, *, recipient: str = "", open_until: int | None = None
    ) -> list[Notification]:
        """List what stands in the inbox, oldest first, from above `after`.

        With `open_until`: only up to that place, and only what nobody acknowledged.
        """

    async def head(self) -> int:
        """Give the highest place of a notification; nothing lower is ever added afterwards."""

    async def delivery(self, delivery_id: str) -> Delivery | None:
        """Find one delivery."""

    async def deliveries(
        self, size: int, *, states: Sequence[DeliveryState] = (), before: int | None = None
    ) -> list[Delivery]:
        """List deliveries, newest first, from below `before`; no states: of all."""

    async def due(self, moment: datetime, limit: int) -> list[Delivery]:
        """List mails to be tried by then, longest waiting first."""


class Transaction(Reading, Protocol):
    """A change under way. Nobody else writes meanwhile, so what was read stays true until the end."""

    async def add_recipient(self, recipient: Recipient, moment: datetime) -> None:
        """Store a new recipient whose id is free."""

    async def replace_recipient(self, recipient: Recipient, moment: datetime) -> None:
        """Store the next version of a recipient."""

    async def remove_recipient(self, recipient_id: str) -> None:
        """Forget a recipient; what it was told stays."""

    async def begin_step(self, subject: str, key: str, moment: datetime) -> bool:
        """Claim a step; False when it was told before."""

    async def told_steps(self, subject: str) -> list[str]:
        """Give the keys of all steps of a subject that were claimed."""

    async def add_notification(self, notification: Notification, key: str, *, inbox: bool) -> None:
        """Store a notification; its `seq` is given by the store. `inbox`: it stands in the list of the node."""

    async def acknowledge(self, notification_id: str, moment: datetime) -> None:
        """Note when somebody saw it first."""

    async def add_delivery(self, delivery: Delivery) -> None:
        """Store a delivery; its `seq` is given by the store."""

    async def replace_delivery(self, delivery: Delivery) -> None:
        """Store a delivery as it now stands."""

    async def give_up_handed_over(self, moment: datetime) -> int:
        """Call every mail UNKNOWN that was handed over by a process that is gone; gives how many."""

    async def first_time(self, mark: str, moment: datetime) -> bool:
        """Say whether nobody asked for this mark before, ever."""

    async def answer_to(self, key: RequestKey) -> bytes | None:
        """Give the answer to a repeat; None for the first time. Raises ChooseAnother REQUEST_ID_REUSED."""

    async def keep_answer(self, key: RequestKey, answer: bytes, moment: datetime) -> None:
        """Keep the answer for repeats, together with the change."""

    async def park(self, messages: Sequence[Unreadable], moment: datetime) -> None:
        """Keep messages that can never be applied, each once."""

    async def purge(self, told_before: datetime, answers_before: datetime) -> int:
        """Remove what was told before a moment, and old answers; gives how many notifications."""


class NotifyStore(Protocol):
    """Where recipients, notifications and deliveries are kept."""

    def reading(self) -> AbstractAsyncContextManager[Reading]:
        """Look at one moment."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Change something: kept at a normal exit, undone at an error or cancellation."""


class Words(Protocol):
    """What is said, in every language of the contract."""

    def line(self, language: str, wording: str, subject: str) -> str:
        """Say in one line what happened to a referral: its number and the news."""

    def letter(self, language: str, wording: str, subject: str) -> Letter:
        """Say the same as a mail, with the link."""


Ready = Callable[[], Awaitable[None]]
"""Called when the server has accepted sender and recipient, right before the text goes out; must be durable."""


class Mailer(Protocol):
    """A mail server."""

    async def send(self, mail: Mail, ready: Ready) -> Outcome:
        """Try once; errors of `ready` pass through, and then the text is not sent. Raises ValueError for an address
        that no header can hold.
        """
