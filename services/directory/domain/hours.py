"""Owns the rules of opening hours: a zone that exists, no overlaps, exceptions that say what they mean."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from zoneinfo import available_timezones

from services.directory.domain.checks import Fault
from services.directory.domain.values import OpeningException, OpeningHours


def opening_hours(hours: OpeningHours | None, path: str) -> Iterator[Fault]:
    """Check hours; None is fine."""
    if hours is None:
        return
    if hours.time_zone and hours.time_zone not in _zones():
        yield f"{path}.time_zone", "must be a time zone of the IANA database"
    by_day: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for period in hours.periods:
        by_day[period.weekday].append((period.opens, period.closes))
    if any(_overlap(spans) for spans in by_day.values()):
        yield f"{path}.periods", "periods of one day must not overlap"
    yield from _exceptions(hours.exceptions, f"{path}.exceptions")


def _exceptions(exceptions: Sequence[OpeningException], path: str) -> Iterator[Fault]:
    by_day: defaultdict[object, list[tuple[str, str]]] = defaultdict(list)
    for place, day in enumerate(exceptions):
        if day.closed and (day.opens or day.closes):
            yield f"{path}[{place}]", "a closed day has no opening times"
        elif not day.closed and not (day.opens and day.closes and day.opens < day.closes):
            yield f"{path}[{place}]", "an open day needs an opening time before its closing time"
        by_day[day.date].append(("00:00", "24:00") if day.closed else (day.opens, day.closes))
    if any(_overlap(spans) for spans in by_day.values()):
        yield path, "exceptions of one day must not overlap"


def _overlap(spans: Sequence[tuple[str, str]]) -> bool:
    # "HH:MM" sorts as text as it does in time.
    return any(first[1] > second[0] for first, second in pairwise(sorted(spans)))


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
