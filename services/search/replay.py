"""Tries a message again that was set aside, after its cause was mended: a new release, a new member list."""

from collections.abc import Mapping

from services.common.clock import Clock
from services.common.db import parked
from services.common.db.engine import Database
from services.common.errors import CheckTheName, MendTheState
from services.common.messaging.envelope import Verify
from services.common.messaging.received import Received
from services.common.messaging.refusals import Refused
from services.search.consumer import CatalogApplier
from services.search.domain.reading import Place
from services.search.ports import Inbox

Way = tuple[Verify, CatalogApplier]
"""How messages of one stream are checked and applied."""


class Replay:
    """Replays by hand, through the same checks as when a message came the first time."""

    def __init__(self, database: Database, inbox: Inbox, ways: Mapping[str, Way], clock: Clock) -> None:
        self._database = database
        self._inbox = inbox
        self._ways = ways
        self._clock = clock

    async def replay(self, message_id: str) -> bool:
        """Apply a parked message; False when the same or something newer was applied meanwhile.

        Raises CheckTheName RESOURCE_NOT_FOUND, MendTheState MESSAGE_STILL_PARKED (metadata "park_reason"),
        ComeBackLater.
        """
        async with self._database.reading() as session:
            message = await parked.get_parked(session, message_id)
        if message is None or message.summary.stream not in self._ways:
            raise CheckTheName("RESOURCE_NOT_FOUND", "no parked message of that id")
        verify, applier = self._ways[message.summary.stream]
        try:
            envelope = verify(message.data, message.summary.subject)
        except Refused as refusal:
            raise _still_parked(refusal.reason) from refusal
        place: Place = (envelope.origin, envelope.kind, envelope.id)
        before = (await self._inbox.versions([place])).get(place)
        received = Received(message.summary.subject, envelope, message.data, 0, 1)
        if refused := await applier.apply([received]):
            raise _still_parked(refused[0].reason)
        after = (await self._inbox.versions([place])).get(place)
        async with self._database.transaction() as session:
            await parked.unpark(session, message_id)
        return after != before


def _still_parked(reason: str) -> MendTheState:
    return MendTheState(
        "MESSAGE_STILL_PARKED", "the message still cannot be applied", metadata={"park_reason": str(reason)}
    )
