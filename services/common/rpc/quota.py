"""Guarantees that no caller takes more than its share: a token bucket for each."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from services.common.errors import SlowDown
from services.common.rpc.callers import Caller


@dataclass(slots=True)
class _Bucket:
    left: float
    time: float


class Quota:
    """Lets each caller make `rate` calls a second, lasting, and `burst` at once; `monotonic` gives seconds."""

    def __init__(self, rate: float, burst: int, monotonic: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        self._buckets: dict[Caller, _Bucket] = {}

    def take(self, caller: Caller) -> None:
        """Count one call; raises QUOTA_EXCEEDED with the seconds to wait (SlowDown) when the bucket is empty."""
        now = self._monotonic()
        bucket = self._buckets.setdefault(caller, _Bucket(self._burst, now))
        bucket.left = min(self._burst, bucket.left + (now - bucket.time) * self._rate)
        bucket.time = now
        if bucket.left < 1:
            wait = math.ceil((1 - bucket.left) / self._rate * 1000) / 1000
            raise SlowDown("QUOTA_EXCEEDED", "this caller sends too much", retry_seconds=wait)
        bucket.left -= 1
