"""Owns which outbox rows go out together and what their answers mean: plain rules, nothing is sent here."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.common.db.outbox import OutboxRow
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

    def waiting(self, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
        """Give those of `rows` (the batch's source) that still wait: of each record what is newer than what was acked.

        The others may be forgotten; most of the time none waits.
        """
        done = {aggregate_of(row): row.seq for row, _ in self.acked}
        return [row for row in rows if row.seq > done.get(aggregate_of(row), 0)]

    def stream_positions(self) -> list[int]:
        """Give the stream positions of what was stored now; a duplicate's is an old one and tells nothing."""
        return [answer.stream_seq for _, answer in self.acked if not answer.duplicate]


def runs_without(rows: Sequence[OutboxRow], waiting: Sequence[OutboxRow]) -> list[tuple[int, int]]:
    """Give the runs of `rows` between those that wait, each as its first and last `seq`."""
    runs: list[tuple[int, int]] = []
    stops = {row.seq for row in waiting}
    first = None
    for before, row in zip((None, *rows), rows, strict=False):
        if row.seq not in stops:
            first = row.seq if first is None else first
        elif first is not None and before is not None:
            runs.append((first, before.seq))
            first = None
    return runs if first is None else [*runs, (first, rows[-1].seq)]


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
