"""Owns which outbox rows go out together and what their answers mean: plain rules, nothing is sent here."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.common.db.outbox import OutboxRow, Sent
from services.common.messaging.publishing import Acked, Answer, Rejected

Aggregate = tuple[str, str]
"""Kind and id of a record: what has one publish on its way at most."""


def aggregate_of(row: OutboxRow) -> Aggregate:
    """Say which record a row is about."""
    return row.record.kind, row.record.record_id


def pick(
    rows: Iterable[OutboxRow], unsettled: Mapping[Aggregate, OutboxRow], resting: Collection[Aggregate]
) -> list[OutboxRow]:
    """Choose one row of each record, in outbox order: the newest, or the one whose fate is still unknown.

    An unknown one may be on its way yet, on a connection that is gone. Were a newer one sent beside it, the old could
    arrive last and stay as the catalog's newest; sent again under its message id, it settles whatever became of it.
    Records whose row was refused for its own sake rest and are left out.
    """
    newest: dict[Aggregate, OutboxRow] = {}
    for row in rows:
        there = newest.get(aggregate_of(row))
        if there is None or _place(row) > _place(there):
            newest[aggregate_of(row)] = row
    chosen = (unsettled.get(aggregate, row) for aggregate, row in newest.items() if aggregate not in resting)
    return sorted(chosen, key=lambda row: row.seq)


def _place(row: OutboxRow) -> tuple[int, int, int]:
    return row.record.epoch, row.record.revision, row.seq


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one batch: rows by fate, each in outbox order."""

    acked: tuple[tuple[OutboxRow, Acked], ...]
    rejected: tuple[tuple[OutboxRow, Rejected], ...]
    unknown: tuple[OutboxRow, ...]

    def sent(self) -> list[Sent]:
        """Name what may be forgotten: each acknowledged record up to the row that was sent."""
        return [Sent(*aggregate_of(row), row.seq) for row, _ in self.acked]

    def done_up_to(self, rows: Sequence[OutboxRow]) -> int:
        """Give the highest outbox position below which nothing of `rows` (the batch's source) still waits."""
        done = {aggregate_of(row): row.seq for row, _ in self.acked}
        waiting = (row.seq for row in rows if row.seq > done.get(aggregate_of(row), 0))
        return min(waiting, default=rows[-1].seq + 1) - 1

    def stream_positions(self) -> list[int]:
        """Give the stream positions of what was stored now; a duplicate's is an old one and tells nothing."""
        return [answer.stream_seq for _, answer in self.acked if not answer.duplicate]


def outcome_of(rows: Sequence[OutboxRow], answers: Mapping[int, Answer]) -> Outcome:
    """Sort the rows of a batch by their answers, which are numbered as the rows are."""
    acked: list[tuple[OutboxRow, Acked]] = []
    rejected: list[tuple[OutboxRow, Rejected]] = []
    unknown: list[OutboxRow] = []
    for number, row in enumerate(rows):
        match answers.get(number):
            case Acked() as answer:
                acked.append((row, answer))
            case Rejected() as answer:
                rejected.append((row, answer))
            case None:
                unknown.append(row)
    return Outcome(tuple(acked), tuple(rejected), tuple(unknown))
