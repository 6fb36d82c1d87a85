"""Guarantees that a mail is handed over at most once without a person asking, and tried until it is or has failed.

Order of a try: the server accepts sender and recipient; "handed over" is committed; the text goes out; the answer is
committed. A crash between the two commits leaves a delivery that nobody knows about, and the next start calls it
UNKNOWN instead of sending it again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from services.common.clock import Clock
from services.common.db.locks import SoleHolder
from services.common.db.wake import OutboxSignal
from services.common.errors import ComeBackLater
from services.notify.domain.records import Channel, Delivery, DeliveryState
from services.notify.domain.sending import Fate, Outcome, Patience, handed_over, settled
from services.notify.ports import Mail, Mailer, NotifyStore, Words

log = structlog.get_logger(__name__)

_BATCH = 20
_FINISH_SECONDS = 10.0
"""How long a mail under way may take to its end when the service stops."""
_COMMIT_AGAIN_SECONDS = 0.5

CountMail = Callable[[DeliveryState], None]
"""Counts a try by the state that it led to."""


class _Overtaken(Exception):
    """Somebody else has taken this delivery further."""


@dataclass(slots=True)
class _Try:
    """One try: the delivery as it stands now."""

    delivery: Delivery


class Mailing:
    """Sends what is due. Of several replicas the one that holds the lock does."""

    def __init__(
        self,
        store: NotifyStore,
        mailer: Mailer,
        words: Words,
        clock: Clock,
        patience: Patience,
        holder: SoleHolder,
        signal: OutboxSignal,
        look_seconds: float,
        count: CountMail,
    ) -> None:
        self._store = store
        self._mailer = mailer
        self._words = words
        self._clock = clock
        self._patience = patience
        self._holder = holder
        self._signal = signal
        self._look_seconds = look_seconds
        self._count = count
        self._held = False
        self._stopping = False

    async def once(self) -> int:
        """Try all mails that are due, one after the other; gives how many. Raises ComeBackLater.

        Trouble of the server ends the round: it would meet the others as well.
        """
        if not await self._hold():
            return 0
        tried = 0
        while not self._stopping and (due := await self._due()):
            for delivery in due:
                if self._stopping:
                    break
                tried += 1
                outcome = await self._try(_Try(delivery))
                if outcome.server:
                    return tried
        return tried

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send in the background; leaving lets a mail under way come to its end, but not for long."""
        task = asyncio.create_task(self._run(), name="notify:mail")
        try:
            yield
        finally:
            self._stopping = True
            self._signal.notify()
            await asyncio.wait([task], timeout=_FINISH_SECONDS)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while not self._stopping:
            count = self._signal.count
            try:
                await self.once()
            except ComeBackLater as error:
                log.warning("mail.postponed", reason=error.reason)
            if not self._stopping:
                await self._signal.wait_beyond(count, self._look_seconds)

    async def _hold(self) -> bool:
        """Be the one that sends; whoever begins settles what the one before left behind."""
        if not await self._holder.holds():
            self._held = False
            return False
        if not self._held:
            async with self._store.transaction() as store:
                left = await store.give_up_handed_over(self._clock())
            if left:
                log.warning("mails.unsettled", count=left)
            self._held = True
        return True

    async def _due(self) -> list[Delivery]:
        async with self._store.reading() as view:
            return await view.due(self._clock(), _BATCH)

    async def _try(self, attempt: _Try) -> Outcome:
        try:
            outcome = await self._sent(attempt)
        except _Overtaken:
            return Outcome(Fate.UNCLEAR)
        await self._settle(attempt.delivery, outcome)
        return outcome

    async def _sent(self, attempt: _Try) -> Outcome:
        async def ready() -> None:
            attempt.delivery = await self._hand_over(attempt.delivery)

        try:
            mail = await self._mail(attempt.delivery)
            return Outcome(Fate.REFUSED) if mail is None else await self._mailer.send(mail, ready)
        except (ComeBackLater, _Overtaken):
            raise
        except ValueError:
            return _broken_off(attempt, Fate.REFUSED)
        except Exception:  # a relay, so one of the three places where style.md allows it
            # A defect that one mail meets must not keep the others waiting; it is tried again like other trouble.
            log.exception("mail.broken", delivery_id=attempt.delivery.id)
            return _broken_off(attempt, Fate.LATER)

    async def _mail(self, delivery: Delivery) -> Mail | None:
        """Write the mail to where the recipient has it now; None when there is nobody to write to."""
        async with self._store.reading() as view:
            notification = await view.notification(delivery.notification)
            recipient = None if notification is None else await view.recipient(notification.recipient)
        if notification is None or recipient is None or Channel.MAIL not in recipient.ways or not recipient.email:
            return None
        letter = self._words.letter(recipient.language_code, notification.wording, notification.subject)
        return Mail(delivery.id, recipient.email, letter)

    async def _hand_over(self, delivery: Delivery) -> Delivery:
        """Commit that the text goes out now; raises _Overtaken when the delivery is no longer as it was read."""
        async with self._store.transaction() as store:
            if await store.delivery(delivery.id) != delivery:
                raise _Overtaken
            after = handed_over(delivery, self._clock())
            await store.replace_delivery(after)
        return after

    async def _settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Commit what became of it, however long the database is away: after the text nothing else may happen."""
        while True:
            after = settled(delivery, outcome, self._clock(), self._patience)
            try:
                async with self._store.transaction() as store:
                    await store.replace_delivery(after)
            except ComeBackLater:
                if delivery.state is not DeliveryState.HANDED_OVER:
                    raise
                await asyncio.sleep(_COMMIT_AGAIN_SECONDS)
            else:
                break
        self._count(after.state)
        say = log.info if after.state is DeliveryState.SENT else log.warning
        say("mail.tried", delivery_id=after.id, state=str(after.state), attempts=after.attempts, code=after.smtp_code)


def _broken_off(attempt: _Try, fate: Fate) -> Outcome:
    """Judge a try that an error ended: once the text may have gone out, nobody knows."""
    return Outcome(Fate.UNCLEAR if attempt.delivery.state is DeliveryState.HANDED_OVER else fate)
