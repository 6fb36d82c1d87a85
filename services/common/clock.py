"""Owns what time it is: rules get the clock as an argument, so that tests and restores can set it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
"""Gives the present moment, always aware and in UTC."""

SAXONY = ZoneInfo("Europe/Berlin")
"""The wall clock of every office that Lotse serves."""


def utc_now() -> datetime:
    """Read the machine's clock, aware, in UTC, to the microsecond."""
    return datetime.now(UTC)


def today_in_saxony(moment: datetime) -> date:
    """Say which calendar day it is in Saxony at this moment: validity and review dates are days there."""
    return moment.astimezone(SAXONY).date()
