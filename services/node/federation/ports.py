"""What the federation service needs of its node: outbox, what was set aside, how fresh the others are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.common.db.parked import ParkedCursor, ParkedSummary


@dataclass(frozen=True, slots=True)
class Heard:
    """What this node has heard of one region."""

    last_head_time: datetime | None
    live_records: int
    parked_messages: int


class Outbox(Protocol):
    """Rows that wait to be sent."""

    async def rows(self) -> Mapping[str, int]:
        """Count them by target ("hub", "local"). Raises ComeBackLater DATABASE_UNAVAILABLE."""


class Parked(Protocol):
    """Messages that could not be applied."""

    async def page(self, size: int, after: ParkedCursor | None, region: str | None) -> Sequence[ParkedSummary]:
        """Read a page, newest first. Raises ComeBackLater DATABASE_UNAVAILABLE."""

    async def replay(self, message_id: str) -> bool:
        """Try one again; False when something newer was there. Raises CheckTheName, MendTheState, ComeBackLater."""


class Hearing(Protocol):
    """How fresh the other regions are here."""

    async def heard(self) -> Mapping[str, Heard]:
        """Say by region; empty on a node that reads nothing."""
