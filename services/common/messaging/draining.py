"""Guarantees that one batch of outbox rows is sent by the rules and that only what was acknowledged is forgotten."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from services.common.crypto.keys import Signer
from services.common.db import outbox
from services.common.db.engine import Database
from services.common.db.outbox import OutboxMark, OutboxRecord, OutboxRow
from services.common.messaging.batch import Aggregate, Outcome, aggregate_of, outcome_of, pick
from services.common.messaging.connection import NatsConnection
from services.common.messaging.envelope import seal
from services.common.messaging.publishing import (
    NO_PERMISSION,
    TOO_BIG,
    UNSENDABLE,
    Answer,
    PublishWindow,
    Rejected,
    publish_window,
)
from services.common.messaging.subjects import message_id
from services.common.names import RegionId

log = structlog.get_logger(__name__)

HUB: Final = "hub"
"""The outbox target that is the federation's catalog."""
LOCAL: Final = "local"
"""The outbox target that is the node's own broker."""
BATCH_ROWS: Final = 1_000
REST_SECONDS: Final = 60.0
TOMBSTONE_SECONDS: Final = 180 * 86_400
"""How long a tombstone stays in the catalog (federation.md, "Bootstrap, anti-entropy")."""

_OF_THE_ROW = frozenset({TOO_BIG, UNSENDABLE})


def _as_it_stands(row: OutboxRow) -> OutboxRecord:
    return row.record


@dataclass(frozen=True, slots=True)
class Address:
    """Where rows go and under whose name: target, owner region and key, and the subject of each row.

    `record_of` gives what a row says to its readers, where that differs from how it stands in the outbox.
    """

    target: str
    region: RegionId
    signer: Signer
    subject_of: Callable[[OutboxRow], str]
    record_of: Callable[[OutboxRow], OutboxRecord] = _as_it_stands


class Drain:
    """Sends batches to one target and remembers between them what is unsettled, what rests, and how far it came."""

    def __init__(
        self, database: Database, connection: NatsConnection, address: Address, silence_seconds: float
    ) -> None:
        self._database = database
        self._connection = connection
        self._address = address
        self._silence_seconds = silence_seconds
        self._unsettled: dict[Aggregate, OutboxRow] = {}
        self._resting: dict[Aggregate, float] = {}
        self.mark = OutboxMark(0, 0)
        """Its `sent_seq`: up to which outbox position all is out; `stream_seq`: the highest place in the stream."""
        self.refused: int | None = None
        """Why the stream takes nothing (the server's error code); None when it does."""
        self.rolled_back = False
        """Whether the stream numbered lower than before: it has lost messages that it acknowledged."""

    async def once(self) -> Outcome:
        """Send one batch; raises NotConnected and database errors, after which everything unanswered stays."""
        async with self._database.reading() as session:
            rows = await outbox.oldest(session, self._address.target, BATCH_ROWS)
            self.mark = await outbox.high_mark(session, self._address.target)
        chosen = pick(rows, self._unsettled, self._asleep())
        violations = self._connection.violations
        outcome = outcome_of(chosen, await self._send(chosen)) if chosen else Outcome((), (), ())
        self._note(outcome, forbidden=self._connection.violations > violations)
        if outcome.acked:
            await self._forget(rows, outcome)
        return outcome

    async def _send(self, rows: Sequence[OutboxRow]) -> Mapping[int, Answer]:
        unsendable: dict[int, Answer] = {}
        async with publish_window(self._connection, self._silence_seconds) as window:
            for number, row in enumerate(rows):
                try:
                    sent = await self._send_row(window, number, row)
                except ValueError:
                    # Its subject or its message cannot be made: a defect of ours that must not hold up the others.
                    unsendable[number] = Rejected(UNSENDABLE)
                    continue
                if not sent:
                    break
            return {**await window.answers(), **unsendable}

    async def _send_row(self, window: PublishWindow, number: int, row: OutboxRow) -> bool:
        region, record = self._address.region, row.record
        subject = self._address.subject_of(row)
        headers = {
            "Nats-Msg-Id": message_id(region, record.kind, record.record_id, record.epoch, record.revision, row.seq)
        }
        if record.deleted and self._address.target == HUB:
            headers["Nats-TTL"] = str(TOMBSTONE_SECONDS)
        told = self._address.record_of(row)
        return await window.send(number, subject, seal(told, row.seq, subject, region, self._address.signer), headers)

    def _note(self, outcome: Outcome, *, forbidden: bool) -> None:
        """Remember what is settled, what is not, and what the stream said."""
        for row, _ in (*outcome.acked, *outcome.rejected):
            self._unsettled.pop(aggregate_of(row), None)
        self._unsettled.update((aggregate_of(row), row) for row in outcome.unknown)
        now = asyncio.get_running_loop().time()
        codes = {answer.code for _, answer in outcome.rejected}
        for row, answer in outcome.rejected:
            if answer.code in _OF_THE_ROW:
                self._resting[aggregate_of(row)] = now + REST_SECONDS
                log.error("row.refused", target=self._address.target, outbox_seq=row.seq, code=answer.code)
        if forbidden and outcome.unknown:
            codes.add(NO_PERMISSION)
        self.refused = min(codes - _OF_THE_ROW, default=None)
        if self.refused is not None:
            log.error("relay.refused", target=self._address.target, code=self.refused)

    async def _forget(self, rows: Sequence[OutboxRow], outcome: Outcome) -> None:
        """Delete what was acknowledged and keep the marks, in one transaction."""
        positions = outcome.stream_positions()
        if positions and min(positions) <= self.mark.stream_seq and not self.rolled_back:
            self.rolled_back = True
            log.error("stream.rolled_back", target=self._address.target, known=self.mark.stream_seq, got=min(positions))
        done = max(outcome.done_up_to(rows), self.mark.sent_seq)
        highest = max(positions, default=self.mark.stream_seq)
        async with self._database.transaction() as session:
            await outbox.forget_many(session, self._address.target, outcome.sent())
            await outbox.record_acks(session, self._address.target, done, highest)
        self.mark = OutboxMark(done, max(highest, self.mark.stream_seq))

    def _asleep(self) -> set[Aggregate]:
        """Name the records that rest because their row was refused for its own sake."""
        now = asyncio.get_running_loop().time()
        self._resting = {aggregate: until for aggregate, until in self._resting.items() if until > now}
        return set(self._resting)
