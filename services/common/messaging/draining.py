"""Guarantees that one batch of outbox rows is sent by the rules and that only what was acknowledged is forgotten."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from services.common.db import outbox
from services.common.db.engine import Database
from services.common.db.outbox import OutboxMark, OutboxRow
from services.common.messaging.ahead import BATCH_ROWS, Ahead
from services.common.messaging.batch import Aggregate, Outcome, aggregate_of, outcome_of, pick, runs_without
from services.common.messaging.connection import NatsConnection
from services.common.messaging.packing import Address, Batch
from services.common.messaging.publishing import (
    NO_PERMISSION,
    TOO_BIG,
    UNSENDABLE,
    Answer,
    Rejected,
    publish_window,
)

log = structlog.get_logger(__name__)

REST_SECONDS: Final = 60.0

_OF_THE_ROW = frozenset({TOO_BIG, UNSENDABLE})


class Drain:
    """Sends batches to one target and remembers between them what is unsettled, what rests, and how far it came."""

    def __init__(
        self, database: Database, connection: NatsConnection, address: Address, silence_seconds: float
    ) -> None:
        self._database = database
        self._connection = connection
        self._address = address
        self._silence_seconds = silence_seconds
        self._ahead = Ahead(database, address)
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
        async with self._ahead.round():
            batch = await self._next()
            violations = self._connection.violations
            outcome = outcome_of(batch.chosen, await self._send(batch)) if batch.chosen else Outcome((), (), ())
            self._note(outcome, forbidden=self._connection.violations > violations)
            if outcome.acked:
                await self._forget(batch.rows, outcome)
            # A refused record waits as well, though nothing about it is open: what follows must not overtake it.
            if len(outcome.acked) == len(batch.chosen) and self._nothing_open():
                await self._ahead.keep()
        return outcome

    def drop_prepared(self) -> None:
        """Read anew next time: another relay may have had the outbox meanwhile."""
        self._ahead.drop()

    async def _next(self) -> Batch:
        batch = self._ahead.take()
        async with self._database.reading() as session:
            self.mark = await outbox.high_mark(session, self._address.target)
            if batch is not None:
                return batch
            rows = await outbox.oldest(session, self._address.target, BATCH_ROWS)
        return Batch(rows, pick(rows, self._unsettled, self._asleep()), {})

    async def _send(self, batch: Batch) -> Mapping[int, Answer]:
        unsendable: dict[int, Answer] = {}
        async with publish_window(self._connection, self._silence_seconds) as window:
            for number in range(len(batch.chosen)):
                packed = batch.message(number, self._address)
                if packed is None:
                    unsendable[number] = Rejected(UNSENDABLE)
                elif not await window.send(number, packed.subject, packed.payload, packed.headers):
                    break
            else:
                if self._nothing_open():
                    self._ahead.begin(batch.rows)
            return {**await window.answers(), **unsendable}

    def _nothing_open(self) -> bool:
        """Say whether every record is free to be sent: only then may a batch be chosen before its time."""
        return not self._unsettled and not self._asleep()

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
        waiting = outcome.waiting(rows)
        done = max(waiting[0].seq - 1 if waiting else rows[-1].seq, self.mark.sent_seq)
        highest = max(positions, default=self.mark.stream_seq)
        async with self._database.transaction() as session:
            await outbox.forget_runs(session, self._address.target, runs_without(rows, waiting))
            await outbox.record_acks(session, self._address.target, done, highest)
        self.mark = OutboxMark(done, max(highest, self.mark.stream_seq))

    def _asleep(self) -> set[Aggregate]:
        """Name the records that rest because their row was refused for its own sake."""
        now = asyncio.get_running_loop().time()
        self._resting = {aggregate: until for aggregate, until in self._resting.items() if until > now}
        return set(self._resting)
