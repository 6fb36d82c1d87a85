"""Owns what a reader hands on: a message whose signature and subject were checked, and the shapes of its callbacks."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lotse.federation.v1.envelope_pb2 import Envelope
from services.common.db.parked import Unreadable


@dataclass(frozen=True, slots=True)
class Received:
    """A checked message: `data` are the signed bytes as they came, `stream_seq` its place in the stream.

    `deliveries` counts from 1; a higher one says that it came before and was not acknowledged.
    """

    subject: str
    envelope: Envelope
    data: bytes
    stream_seq: int
    deliveries: int


Apply = Callable[[Sequence[Received]], Awaitable[Sequence[Unreadable] | None]]
"""Applies a batch in the order given; everything is durable when it returns. May give back those it found unfit.

Any error means that nothing may be acknowledged. ComeBackLater, OSError and TimeoutError mean "later"; after any other
error the batch is cut in halves until the message that causes it is alone.
"""

Park = Callable[[Sequence[Unreadable]], Awaitable[None]]
"""Keeps messages that cannot be applied, durably and each once whatever the repeats; see services.common.db.parked."""


class Trouble(StrEnum):
    """Why a reader does not read right now."""

    NOT_CONNECTED = "NOT_CONNECTED"
    DURABLE_MISSING = "DURABLE_MISSING"
    POSTPONED = "POSTPONED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class ReaderState:
    """How a reader stands, for health and metrics.

    `pending`: messages of the stream not delivered yet, None before the first answer. `last_fetch`: when the server
    last answered. `paused`, `skipped`: see flood.py; each region in them is one whose records may be incomplete.
    """

    trouble: Trouble | None
    pending: int | None
    last_fetch: datetime | None
    applied: int
    parked: int
    paused: tuple[str, ...]
    skipped: Mapping[str, int]
