"""The rules of opening hours."""

from datetime import date

import pytest

from services.directory.domain.enums import Weekday
from services.directory.domain.hours import opening_hours
from services.directory.domain.values import OpeningException, OpeningHours, OpeningPeriod

MONDAY, TUESDAY = Weekday.MONDAY, Weekday.TUESDAY
CHRISTMAS = date(2026, 12, 24)


def period(opens: str, closes: str, day: Weekday = MONDAY) -> OpeningPeriod:
    return OpeningPeriod(weekday=day, opens=opens, closes=closes)


def exception(opens: str = "", closes: str = "", *, closed: bool = False, day: date = CHRISTMAS) -> OpeningException:
    return OpeningException(date=day, closed=closed, opens=opens, closes=closes)


def paths(hours: OpeningHours) -> list[str]:
    return [path for path, _ in opening_hours(hours, "hours")]


@pytest.mark.parametrize(
    "hours",
    [
        OpeningHours(),
        OpeningHours(time_zone="Europe/Berlin", by_appointment=True),
        OpeningHours(periods=(period("09:00", "12:00"), period("12:00", "24:00"))),
        OpeningHours(periods=(period("09:00", "12:00"), period("10:00", "11:00", TUESDAY))),
        OpeningHours(exceptions=(exception(closed=True), exception("09:00", "10:00", day=date(2026, 12, 23)))),
        OpeningHours(exceptions=(exception("09:00", "10:00"), exception("10:00", "11:00"))),
    ],
)
def test_hours_that_can_be_kept_are_taken(hours: OpeningHours) -> None:
    assert paths(hours) == []


@pytest.mark.parametrize(
    ("hours", "path"),
    [
        (OpeningHours(time_zone="Europe/Dresden"), "hours.time_zone"),
        (OpeningHours(time_zone="Berlin"), "hours.time_zone"),
        (OpeningHours(periods=(period("09:00", "12:00"), period("11:59", "13:00"))), "hours.periods"),
        (OpeningHours(periods=(period("09:00", "12:00"), period("09:00", "12:00"))), "hours.periods"),
        (OpeningHours(exceptions=(exception(),)), "hours.exceptions[0]"),
        (OpeningHours(exceptions=(exception("09:00"),)), "hours.exceptions[0]"),
        (OpeningHours(exceptions=(exception("12:00", "09:00"),)), "hours.exceptions[0]"),
        (OpeningHours(exceptions=(exception("09:00", "10:00", closed=True),)), "hours.exceptions[0]"),
        (OpeningHours(exceptions=(exception(closed=True), exception("09:00", "10:00"))), "hours.exceptions"),
    ],
)
def test_hours_that_contradict_themselves_are_refused(hours: OpeningHours, path: str) -> None:
    assert paths(hours) == [path]
