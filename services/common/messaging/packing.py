"""Owns how an outbox row becomes a message: its subject, its message id, and its signed bytes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.common.crypto.keys import Signer
from services.common.db.outbox import OutboxRecord, OutboxRow
from services.common.messaging.envelope import seal
from services.common.messaging.subjects import message_id
from services.common.names import RegionId

HUB: Final = "hub"
"""The outbox target that is the federation's catalog."""
LOCAL: Final = "local"
"""The outbox target that is the node's own broker."""
TOMBSTONE_SECONDS: Final = 180 * 86_400
"""How long a tombstone stays in the catalog (federation.md, "Bootstrap, anti-entropy")."""


def _as_it_stands(row: OutboxRow) -> OutboxRecord:
    return row.record


@dataclass(frozen=True, slots=True)
class Packed:
    """A message as it is published."""

    subject: str
    payload: bytes
    headers: Mapping[str, str]


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

    def pack(self, row: OutboxRow) -> Packed:
        """Make the message of a row, about 65 µs, most of it the signature; raises ValueError when none can be made."""
        record = row.record
        subject = self.subject_of(row)
        headers = {
            "Nats-Msg-Id": message_id(
                self.region, record.kind, record.record_id, record.epoch, record.revision, row.seq
            )
        }
        if record.deleted and self.target == HUB:
            headers["Nats-TTL"] = str(TOMBSTONE_SECONDS)
        return Packed(subject, seal(self.record_of(row), row.seq, subject, self.region, self.signer), headers)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as they were read, those of them that go out, and the messages of the latter as far as they are made.

    A message that cannot be made is None there.
    """

    rows: Sequence[OutboxRow]
    chosen: Sequence[OutboxRow]
    packed: Mapping[int, Packed | None]
    """By place in `chosen`."""

    def message(self, number: int, address: Address) -> Packed | None:
        """Give the message of one chosen row."""
        return self.packed[number] if number in self.packed else packed_or_none(address, self.chosen[number])


def packed_or_none(address: Address, row: OutboxRow) -> Packed | None:
    """Make the message of a row, or None: a defect of ours in one row must not hold up the others."""
    try:
        return address.pack(row)
    except ValueError:
        return None
