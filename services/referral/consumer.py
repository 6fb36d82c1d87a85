"""Guarantees that mail of other regions has its effect once, and gives back for parking what cannot be applied.

Each message is a transaction of its own: effect, note of its number and receipt are kept together or not at all. The
reader acknowledges after that, so a crash in between brings the message again, which then only gets its receipt again.
"""

import hashlib
from collections.abc import Sequence

import structlog

from services.common.clock import Clock
from services.common.db.parked import Unreadable
from services.common.messaging.received import Received
from services.common.messaging.refusals import Reason, Refused
from services.common.messaging.subjects import MAIL, RECEIPT_KIND, SubjectParts, parse_subject
from services.referral.convert.letters import receipt_from
from services.referral.handlers.receiving import receive_letter
from services.referral.handlers.settling import receive_receipt
from services.referral.housekeeping import SystemWork
from services.referral.ports import Delivery, ReferralStore

log = structlog.get_logger(__name__)


class MailApplier:
    """Applies the mail that this region's reader gives, in the order given."""

    def __init__(self, region: str, store: ReferralStore, work: SystemWork, clock: Clock) -> None:
        self._region = region
        self._store = store
        self._work = work
        self._clock = clock

    async def apply(self, messages: Sequence[Received]) -> Sequence[Unreadable]:
        """Apply a batch, durable when it returns; gives back what is to be parked. Raises ComeBackLater."""
        unfit = []
        for message in messages:
            reason = await self._applied(message, parse_subject(message.subject))
            if reason is not None:
                unfit.append(Unreadable(MAIL, message.subject, message.envelope.origin, reason, message.data))
        return unfit

    async def again(self, message: Received) -> bool:
        """Apply a message that was set aside; True when that changed something. Raises Refused, ComeBackLater.

        A letter that was answered with a refusal stays refused: its sender has that in writing and has given it up.
        """
        parts = parse_subject(message.subject)
        before = await self._standing(message, parts)
        if before is Delivery.REFUSED and parts.kind != RECEIPT_KIND:
            raise Refused(Reason.BODY_INVALID)
        reason = await self._applied(message, parts)
        if reason is not None:
            raise Refused(reason)
        return before != await self._standing(message, parts)

    async def _standing(self, message: Received, parts: SubjectParts) -> Delivery | None:
        """Say what became of this letter of another region, or of ours that this receipt is for; None: nothing yet."""
        if parts.region is None or parts.number is None:
            return None
        async with self._store.transaction() as store:
            if parts.kind == RECEIPT_KIND:
                letter = await store.outgoing(parts.id, parts.number)
                return None if letter is None else letter.delivery
            known = await store.incoming(parts.region, parts.id, parts.number)
        if known is None or known.body_hash != hashlib.sha256(message.envelope.body).digest():
            return None
        receipt = receipt_from(known.receipt)
        return Delivery.REFUSED if receipt is None or receipt.refused else Delivery.RECEIPTED

    async def _applied(self, message: Received, parts: SubjectParts) -> Reason | None:
        """Apply one message; gives why it cannot be."""
        if parts.to != self._region or parts.region is None or parts.number is None:
            return Reason.SUBJECT_MISMATCH
        if message.envelope.deleted:
            return Reason.MALFORMED
        moment = self._clock()
        async with self._store.transaction() as store:
            work = self._work(store, moment)
            if parts.kind != RECEIPT_KIND:
                well = await receive_letter(work, parts.region, parts.id, parts.number, message.envelope.body)
            else:
                receipt = receipt_from(message.envelope.body)
                well = receipt is not None and await receive_receipt(
                    work, parts.region, parts.id, parts.number, receipt, message.data
                )
        if not well:
            log.warning("mail.refused", sender=parts.region, kind=parts.kind, referral=parts.id, number=parts.number)
        return None if well else Reason.BODY_INVALID
