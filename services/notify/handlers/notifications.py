"""Owns the use cases around what was told: list, acknowledge, watch."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Protocol

from services.common.errors import CheckTheName
from services.notify.domain.records import Notification
from services.notify.ports import NotifyStore, Reading, Transaction

_PAGE = 100
_LOOK_SECONDS = 0.5
"""How soon a watcher notices that its time is over or that the server ends."""


class Feed(Protocol):
    """Knows up to where notifications are committed."""

    @property
    def head(self) -> int:
        """A place up to which everything is committed; it may lag behind for a moment."""

    async def wait_beyond(self, seq: int, timeout_seconds: float) -> bool:
        """Wait until something above this place is committed; False when the time is over first."""


Remaining = Callable[[], float]
"""Seconds that a watcher may still stay; raises ComeBackLater when the server ends."""


async def page(
    store: Reading, size: int, *, recipient: str, open_only: bool, before: int | None
) -> tuple[list[Notification], int | None]:
    """Give a page, newest first, and the place below which the next one begins; None at the end."""
    found = await store.notifications(size + 1, recipient=recipient, open_only=open_only, before=before)
    shown = found[:size]
    return shown, shown[-1].seq if len(found) > size else None


async def acknowledge(store: Transaction, notification_id: str, moment: datetime) -> Notification:
    """Note that somebody saw it; a repeat leaves the first time. Raises RESOURCE_NOT_FOUND."""
    found = await store.notification(notification_id)
    if found is not None and found.acknowledge_time is None:
        await store.acknowledge(notification_id, moment)
        found = await store.notification(notification_id)
    if found is None:
        raise CheckTheName("RESOURCE_NOT_FOUND", "there is no notification of this name")
    return found


async def watch(store: NotifyStore, feed: Feed, recipient: str, remaining: Remaining) -> AsyncIterator[Notification]:
    """Give what nobody has acknowledged, oldest first, then each notification as it is committed, each once.

    Where the first part ends is read once: what is committed later stands above it, because places rise with commits.
    """
    async with store.reading() as view:
        head = await view.head()
    place = 0
    while found := await _arrivals(store, place, recipient, head):
        for notification in found:
            yield notification
        place = found[-1].seq
    place = head
    while (seconds := remaining()) > 0:
        head = feed.head
        while found := await _arrivals(store, place, recipient, None):
            for notification in found:
                yield notification
            place = found[-1].seq
        # What stands up to there and was not given is other recipients'.
        place = max(place, head)
        await feed.wait_beyond(place, min(seconds, _LOOK_SECONDS))


async def _arrivals(store: NotifyStore, after: int, recipient: str, open_until: int | None) -> list[Notification]:
    async with store.reading() as view:
        return await view.arrivals(_PAGE, after, recipient=recipient, open_until=open_until)
