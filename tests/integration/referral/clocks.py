"""Owns a clock that a test sets ahead, so that a month passes at once."""

from datetime import UTC, datetime, timedelta

from services.common.clock import utc_now


class MovableClock:
    """The machine's clock, and as much more as a test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return (utc_now() + self.ahead).astimezone(UTC)
