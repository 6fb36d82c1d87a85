"""Guarantees that what a service has set aside can be looked at and tried again through the checks of its first time.

It looks into its own service's database, so others ask this and not the tables.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from services.common.db import parked
from services.common.db.engine import Database
from services.common.db.parked import ParkedCursor, ParkedSummary
from services.common.errors import CheckTheName, MendTheState
from services.common.messaging.envelope import Verify
from services.common.messaging.received import Received
from services.common.messaging.refusals import Refused

log = structlog.get_logger(__name__)

Apply = Callable[[Received], Awaitable[bool]]
"""Applies one message again, durable when it returns: True when that changed something.

Raises Refused for what can still not be applied, ComeBackLater.
"""


@dataclass(frozen=True, slots=True)
class StreamReplay:
    """How messages of one stream are checked and applied."""

    verify: Verify
    apply: Apply


class ParkedMessages:
    """What one service has set aside; `replays` by stream."""

    def __init__(self, database: Database, replays: Mapping[str, StreamReplay]) -> None:
        self._database = database
        self._replays = replays

    async def page(self, size: int, after: ParkedCursor | None, region: str | None) -> Sequence[ParkedSummary]:
        """Read a page, newest first, of all regions or one. Raises DATABASE_UNAVAILABLE."""
        async with self._database.reading() as session:
            return await parked.list_parked(session, size, after, region)

    async def counts(self) -> Mapping[str, int]:
        """Count by the region that the subject names, "" for none. Raises DATABASE_UNAVAILABLE."""
        async with self._database.reading() as session:
            return await parked.count_by_region(session)

    async def has(self, message_id: str) -> bool:
        """Say whether this service set the message aside. Raises DATABASE_UNAVAILABLE."""
        async with self._database.reading() as session:
            return await parked.get_parked(session, message_id) is not None

    async def replay(self, message_id: str) -> bool:
        """Apply a message; False when that changed nothing, because the same or something newer was there already.

        Raises CheckTheName RESOURCE_NOT_FOUND, MendTheState MESSAGE_STILL_PARKED (metadata "park_reason"),
        ComeBackLater.
        """
        async with self._database.reading() as session:
            message = await parked.get_parked(session, message_id)
        if message is None or message.summary.stream not in self._replays:
            raise CheckTheName("RESOURCE_NOT_FOUND", "no parked message of that id")
        stream, subject = self._replays[message.summary.stream], message.summary.subject
        try:
            envelope = stream.verify(message.data, subject)
            changed = await stream.apply(Received(subject, envelope, message.data, 0, 1))
        except Refused as refusal:
            raise MendTheState(
                "MESSAGE_STILL_PARKED",
                "the message still cannot be applied",
                metadata={"park_reason": str(refusal.reason)},
            ) from refusal
        # Only now: a crash in between leaves it parked, and another try then changes nothing.
        async with self._database.transaction() as session:
            await parked.unpark(session, message_id)
        log.info("message.replayed", stream=message.summary.stream, region=message.summary.region, changed=changed)
        return changed
