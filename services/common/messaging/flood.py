"""Guarantees that a region whose messages are bad by the hundred is paused, and that nobody else notices.

While a region is paused its messages are put back unread, to come again later. A durable lets only so many wait, and
one region must not take all of those places: what is above its share is skipped, counted, and stays in the stream.
When the pause is over the reader resets its durable, and what was skipped comes again with everything else.
"""

from collections import Counter, deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

import structlog

log = structlog.get_logger(__name__)

MOST_BAD: Final = 100
"""Bad messages of one region in WINDOW_SECONDS that are still parked; more pause it (federation.md, "Consumer")."""
WINDOW_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 60.0
LOOK_AGAIN_SECONDS: Final = 600.0
"""Least time between two resets: each reads the whole stream once more."""
MOST_PUT_BACK: Final = 1_000
"""Messages of paused regions that may wait at once: half of what a durable has out (2,000)."""


class Verdict(Enum):
    """What to do with a region's next message."""

    READ = auto()
    PUT_BACK = auto()
    SKIP = auto()


class FloodGuard:
    """Counts bad messages by region and decides who is paused. `now` gives seconds that only rise."""

    def __init__(self, now: Callable[[], float], most_put_back: int = MOST_PUT_BACK) -> None:
        self._now = now
        self._most_put_back = most_put_back
        self._bad: dict[str, deque[float]] = {}
        self._paused_until: dict[str, float] = {}
        self._put_back: deque[float] = deque()
        self._looked_again: float | None = None
        self.skipped: Counter[str] = Counter()
        """Messages skipped by region since the durable was last reset: its records may be incomplete until then."""

    def note_bad(self, region: str, count: int) -> None:
        """Count bad messages; pauses the region when there are too many of late. "" names none and is never paused."""
        if not region:
            return
        now = self._now()
        times = self._bad.setdefault(region, deque(maxlen=MOST_BAD + 1))
        times.extend([now] * count)
        while times and times[0] <= now - WINDOW_SECONDS:
            times.popleft()
        if len(times) > MOST_BAD:
            self._paused_until[region] = now + PAUSE_SECONDS
            times.clear()
            log.error("region.paused", region=region, pause_seconds=PAUSE_SECONDS)

    def verdict(self, region: str) -> Verdict:
        """Decide about one message of a region; asking for a paused one takes a place among those put back."""
        now = self._now()
        if not self._is_paused(region, now):
            return Verdict.READ
        while self._put_back and self._put_back[0] <= now - PAUSE_SECONDS:
            self._put_back.popleft()
        if len(self._put_back) >= self._most_put_back:
            self.skipped[region] += 1
            return Verdict.SKIP
        self._put_back.append(now)
        return Verdict.PUT_BACK

    def look_again(self) -> bool:
        """Say whether the durable is to be reset now: something was skipped and nobody is paused any more.

        Saying yes forgets what was skipped: all of it comes again.
        """
        now = self._now()
        waited = self._looked_again is None or now >= self._looked_again + LOOK_AGAIN_SECONDS
        if not self.skipped or self.paused() or not waited:
            return False
        self._looked_again = now
        self.skipped.clear()
        return True

    def paused(self) -> tuple[str, ...]:
        """Name the regions that are paused now, sorted."""
        now = self._now()
        return tuple(sorted(region for region in list(self._paused_until) if self._is_paused(region, now)))

    def _is_paused(self, region: str, now: float) -> bool:
        until = self._paused_until.get(region)
        if until is None:
            return False
        if until > now:
            return True
        del self._paused_until[region]
        log.info("region.resumed", region=region, skipped=self.skipped[region])
        return False
