"""Guarantees that what other nodes published is in the index and in the inbox when a batch has been applied.

Order of a batch: index, then inbox, then (in the reader) acks. A crash in between brings the batch again, and versions
make the repeat harmless, in the index as in the inbox. The inbox is the truth: it remembers deletes for good, and the
index is rebuilt from it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from lotse.federation.v1.envelope_pb2 import Envelope
from services.common.clock import Clock
from services.common.db.inbox import external_version
from services.common.db.parked import Unreadable
from services.common.messaging.received import Received
from services.common.messaging.refusals import Reason, Refused
from services.common.messaging.subjects import HEAD_ID, HEAD_KIND, NotASubject, parse_subject
from services.common.names import RegionId
from services.search.convert.entries import BodyInvalid, check_partner_entry, document_of, read_offer_entry, topic_text
from services.search.convert.heads import read_head
from services.search.domain.offers import IndexChange, OfferKey
from services.search.domain.reading import OFFER, PARTNER, HeadChange, Place, ReadBatch, RecordChange
from services.search.ports import Inbox, OfferIndex
from services.search.tagging import TopicTagger

log = structlog.get_logger(__name__)

DIRECTORY = "directory"
"""The service whose messages on the own broker are read."""

_Reasoned = tuple[Received, Reason]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """One record, ready to be written."""

    message: Received
    record: RecordChange
    change: IndexChange | None
    """None for kinds that are not indexed."""


class CatalogApplier:
    """Applies the batches that one reader gives, one at a time."""

    def __init__(
        self,
        stream: str,
        inbox: Inbox,
        index: OfferIndex,
        tagger: TopicTagger,
        clock: Clock,
    ) -> None:
        self._stream = stream
        self._inbox = inbox
        self._index = index
        self._tagger = tagger
        self._clock = clock

    async def apply(self, messages: Sequence[Received]) -> Sequence[Unreadable]:
        """Apply a batch, durable when it returns; gives back what can never be applied, to be parked.

        Raises ComeBackLater: nothing may be acknowledged then.
        """
        now = self._clock()
        heads = [message for message in messages if _is_head(message.envelope)]
        records = [message for message in messages if not _is_head(message.envelope) and _concerns_us(message.subject)]
        wanted = await self._not_outdated(records)
        # Parsing, checking and finding topics take milliseconds an offer: searches go on meanwhile.
        prepared, refused = await asyncio.to_thread(self._prepare, wanted)
        changes = [item.change for item in prepared if item.change is not None]
        written, report = await self._index.write(changes)
        kept, unfit = _parted(prepared, frozenset(report.refused))
        readable, broken = _read_heads(heads, now)
        await self._inbox.commit(ReadBatch(tuple(item.record for item in kept), tuple(readable)), now)
        # A rebuild that began after the writing and read the inbox before the commit would miss this batch.
        await self._index.write(changes, skip=written)
        log.info("catalog.applied", stream=self._stream, records=len(kept), heads=len(readable))
        reasons = [*refused, *((item.message, Reason.NOT_INDEXABLE) for item in unfit), *broken]
        return [self._unreadable(message, reason) for message, reason in reasons]

    async def again(self, message: Received) -> bool:
        """Apply a message that was set aside; True when that changed something. Raises Refused, ComeBackLater."""
        place = _place(message.envelope)
        before = (await self._inbox.versions([place])).get(place)
        if refused := await self.apply([message]):
            raise Refused(Reason(refused[0].reason))
        return before != (await self._inbox.versions([place])).get(place)

    def _unreadable(self, message: Received, reason: Reason) -> Unreadable:
        return Unreadable(self._stream, message.subject, message.envelope.origin, reason, message.data)

    async def _not_outdated(self, messages: Sequence[Received]) -> list[Received]:
        """Keep the newest message of each record, unless the inbox knows it or a newer one.

        A repeated delivery of the very version that is known is kept: the first may have been cut off half-way.
        """
        newest: dict[Place, Received] = {}
        for message in messages:
            place = _place(message.envelope)
            if place not in newest or _order(message.envelope) >= _order(newest[place].envelope):
                newest[place] = message
        known = await self._inbox.versions(list(newest))
        return [message for place, message in newest.items() if _is_news(message, known.get(place, (0, 0)))]

    def _prepare(self, messages: Sequence[Received]) -> tuple[list[_Prepared], list[_Reasoned]]:
        prepared: list[_Prepared] = []
        refused: list[_Reasoned] = []
        for message in messages:
            try:
                prepared.append(self._prepared(message))
            except BodyInvalid:
                refused.append((message, Reason.BODY_INVALID))
            except _KindUnknownError:
                refused.append((message, Reason.KIND_UNKNOWN))
        return prepared, refused

    def _prepared(self, message: Received) -> _Prepared:
        envelope = message.envelope
        if envelope.kind == OFFER:
            return self._prepared_offer(message)
        if envelope.kind != PARTNER:
            raise _KindUnknownError
        if not envelope.deleted:
            check_partner_entry(envelope.body, RegionId(envelope.origin), envelope.id)
        # Offers carry their partner whole, so only its version is kept.
        return _Prepared(message, replace(_record(envelope), body=b""), None)

    def _prepared_offer(self, message: Received) -> _Prepared:
        envelope = message.envelope
        key = OfferKey(RegionId(envelope.origin), envelope.id)
        version = external_version(envelope.epoch, envelope.revision)
        if envelope.deleted:
            return _Prepared(message, _record(envelope), IndexChange(key, version, None))
        entry = read_offer_entry(envelope.body, key)
        topics = self._tagger.topics_of(*topic_text(entry))
        document = document_of(key, entry, envelope.body, topics)
        record = replace(_record(envelope), automatic_topics=topics, topics_by=self._tagger.fingerprint)
        return _Prepared(message, record, IndexChange(key, version, document))


class _KindUnknownError(Exception):
    """The kind of record is not known here."""


def _parted(prepared: Sequence[_Prepared], refused: frozenset[OfferKey]) -> tuple[list[_Prepared], list[_Prepared]]:
    """Part what is committed from what the engine refused, which keeps its old version and is set aside."""
    unfit = [item for item in prepared if item.change is not None and item.change.key in refused]
    return [item for item in prepared if item not in unfit], unfit


def _read_heads(messages: Sequence[Received], now: datetime) -> tuple[list[HeadChange], list[_Reasoned]]:
    """Read the newest head of each region."""
    newest: dict[str, Received] = {}
    for message in messages:
        known = newest.get(message.envelope.origin)
        if known is None or _order(message.envelope) >= _order(known.envelope):
            newest[message.envelope.origin] = message
    readable: list[HeadChange] = []
    broken: list[_Reasoned] = []
    for message in newest.values():
        try:
            readable.append(read_head(message.envelope, _sign_of_life(message.envelope, now)))
        except BodyInvalid:
            broken.append((message, Reason.BODY_INVALID))
    return readable, broken


def _sign_of_life(envelope: Envelope, now: datetime) -> datetime:
    """Say when a head was sent: what the owner states, but never later than now.

    The time of reading would call a head fresh that has lain at the hub since yesterday. An owner's clock that is slow
    makes its region look stale, which is seen and mended; the other mistake would be silent.
    """
    return min(now, envelope.time.ToDatetime(UTC))


def _record(envelope: Envelope) -> RecordChange:
    return RecordChange(
        region=RegionId(envelope.origin),
        kind=envelope.kind,
        record_id=envelope.id,
        epoch=envelope.epoch,
        revision=envelope.revision,
        outbox_seq=envelope.outbox_seq,
        deleted=envelope.deleted,
        body=envelope.body,
    )


def _is_news(message: Received, known: tuple[int, int]) -> bool:
    order = _order(message.envelope)
    return order > known or (order == known and message.deliveries > 1)


def _concerns_us(subject: str) -> bool:
    """Leave out what other services of this node tell each other on its own broker."""
    try:
        return parse_subject(subject).service in {None, DIRECTORY}
    except NotASubject:
        return False


def _is_head(envelope: Envelope) -> bool:
    return envelope.kind == HEAD_KIND and envelope.id == HEAD_ID


def _place(envelope: Envelope) -> Place:
    return envelope.origin, envelope.kind, envelope.id


def _order(envelope: Envelope) -> tuple[int, int]:
    return envelope.epoch, envelope.revision
