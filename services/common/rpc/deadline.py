"""Guarantees that no call runs without an end, or begins when its end is too near to reach."""

from services.common.errors import CorrectTheRequest, OutOfTime

MAX_SECONDS = 60.0
"""The longest deadline that a caller may set."""

TOLERANCE_SECONDS = 1.0
"""Clocks and the rounding of grpc-timeout make a minute a little longer."""

MIN_SECONDS = 0.100
"""With less left nothing is begun (letsencrypt/boulder's figure)."""


def check_deadline(seconds_left: float | None) -> None:
    """Raise DEADLINE_MISSING, DEADLINE_TOO_LONG or DEADLINE_TOO_SHORT unless the call has a fair time left."""
    if seconds_left is None:
        raise CorrectTheRequest("DEADLINE_MISSING", "set a deadline of at most 60 seconds")
    if seconds_left > MAX_SECONDS + TOLERANCE_SECONDS:
        raise CorrectTheRequest("DEADLINE_TOO_LONG", "set a deadline of at most 60 seconds")
    if seconds_left < MIN_SECONDS:
        raise OutOfTime("DEADLINE_TOO_SHORT", "less than 100 milliseconds were left, so nothing was begun")
