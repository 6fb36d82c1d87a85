"""Guarantees that what the referral service says is told once, and durable before the message is acknowledged.

Repeats and a changed order do no harm: each step is claimed in the transaction that tells of it (`domain.steps`).
"""

from collections.abc import Sequence

import structlog

from services.common.clock import Clock
from services.common.db.parked import Unreadable
from services.common.ids import NewId
from services.common.messaging.received import Received
from services.common.messaging.refusals import Refused
from services.common.messaging.subjects import NODE, NotASubject, parse_subject
from services.common.names import RegionId
from services.notify.convert import NotReadable, change_of
from services.notify.domain.steps import Change
from services.notify.handlers.telling import tell
from services.notify.ports import NotifyStore, Words

log = structlog.get_logger(__name__)

REFERRAL = "referral"
"""The service, and the kind of record, whose messages are heard."""


class ReferralListener:
    """Applies the batches that the reader gives, one at a time."""

    def __init__(self, store: NotifyStore, words: Words, region: RegionId, clock: Clock, new_id: NewId) -> None:
        self._store = store
        self._words = words
        self._region = region
        self._clock = clock
        self._new_id = new_id

    async def apply(self, messages: Sequence[Received]) -> Sequence[Unreadable]:
        """Tell of a batch; gives back what can never be read, to be parked. Raises ComeBackLater."""
        changes: list[Change] = []
        unfit: list[Unreadable] = []
        for message in filter(_concerns_us, messages):
            try:
                changes.append(change_of(message.envelope.body, self._region, message.envelope.id))
            except NotReadable as refusal:
                unfit.append(Unreadable(NODE, message.subject, message.envelope.origin, refusal.reason, message.data))
        async with self._store.transaction() as store:
            # The moment is taken once it is our turn, so that times rise in the order of the places.
            count = await tell(store, self._words, changes, self._clock(), self._new_id)
        if count:
            log.info("notifications.made", count=count, changes=len(changes))
        return unfit

    async def again(self, message: Received) -> bool:
        """Tell of a message that was set aside; True when that made a notification. Raises Refused, ComeBackLater."""
        if not _concerns_us(message):
            return False
        try:
            change = change_of(message.envelope.body, self._region, message.envelope.id)
        except NotReadable as refusal:
            raise Refused(refusal.reason) from refusal
        async with self._store.transaction() as store:
            return await tell(store, self._words, [change], self._clock(), self._new_id) > 0

    async def park(self, messages: Sequence[Unreadable]) -> None:
        """Keep messages that can never be applied, for a person to look at."""
        async with self._store.transaction() as store:
            await store.park(messages, self._clock())


def _concerns_us(message: Received) -> bool:
    """Leave out what other services say, and records of the referral service that are no referral."""
    try:
        parts = parse_subject(message.subject)
    except NotASubject:
        return False
    return (parts.service, parts.kind) == (REFERRAL, REFERRAL) and not message.envelope.deleted
