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


@dataclass(frozen=True, slots=True)
class ParkedEntry:
    """A message that was set aside, and by which service."""

    service: str
    summary: ParkedSummary


class Outbox(Protocol):
    """Rows that wait to be sent."""

    async def rows(self) -> Mapping[str, int]:
        """Count them by target ("hub", "local"). Raises ComeBackLater DATABASE_UNAVAILABLE."""


class ParkedSource(Protocol):
    """How one service shows what it set aside, out of its own database."""

    async def page(self, size: int, after: ParkedCursor | None, region: str | None) -> Sequence[ParkedSummary]:
        """Read a page, newest first. Raises ComeBackLater DATABASE_UNAVAILABLE."""

    async def counts(self) -> Mapping[str, int]:
        """Count by region, "" for messages that name none. Raises ComeBackLater DATABASE_UNAVAILABLE."""

    async def has(self, message_id: str) -> bool:
        """Say whether it was this service that set the message aside. Raises ComeBackLater DATABASE_UNAVAILABLE."""

    async def replay(self, message_id: str) -> bool:
        """Try one again; False when that changed nothing. Raises CheckTheName, MendTheState, ComeBackLater."""


class Parked(Protocol):
    """Messages that services of this node could not apply."""

    async def page(
        self, size: int, after: ParkedCursor | None, *, region: str | None, service: str | None
    ) -> Sequence[ParkedEntry]:
        """Read a page, newest first. Raises ComeBackLater DATABASE_UNAVAILABLE."""

    async def by_service(self) -> Mapping[str, int]:
        """Count them by service; one that has none is absent. Raises ComeBackLater DATABASE_UNAVAILABLE."""

    async def by_region(self) -> Mapping[str, int]:
        """Count them by region. Raises ComeBackLater DATABASE_UNAVAILABLE."""

    async def replay(self, message_id: str, service: str | None) -> bool:
        """Try one again; False when that changed nothing. Raises CheckTheName, MendTheState, ComeBackLater."""


class Hearing(Protocol):
    """How fresh the other regions are here."""

    async def heard(self) -> Mapping[str, Heard]:
        """Say by region; empty on a node that reads nothing."""
