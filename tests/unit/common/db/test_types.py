"""Column types keep moments aware and numbers whole on both engines."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Dialect, make_url

from services.common.db.types import JsonDocument, Serial, UtcDateTime

DIALECTS: list[Dialect] = [
    make_url(f"{name}://").get_dialect()() for name in ("sqlite+aiosqlite", "postgresql+psycopg")
]
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=OFFSETS)  # noqa: DTZ001 - bounds are naive


@pytest.mark.parametrize("dialect", DIALECTS)
@given(moment=MOMENTS)
def test_a_moment_of_any_zone_comes_back_as_the_same_moment_in_utc(dialect: Dialect, moment: datetime) -> None:
    column = UtcDateTime()
    bound = column.process_bind_param(moment, dialect)
    assert bound is not None
    for stored in (bound, bound.replace(tzinfo=None)):  # PostgreSQL keeps the zone, SQLite drops it
        back = column.process_result_value(stored, dialect)
        assert back == moment
        assert back is not None
        assert back.tzinfo is UTC


def test_no_moment_stays_no_moment() -> None:
    assert UtcDateTime().process_bind_param(None, DIALECTS[0]) is None
    assert UtcDateTime().process_result_value(None, DIALECTS[0]) is None


def test_a_naive_moment_is_refused_without_repeating_it() -> None:
    with pytest.raises(ValueError, match="without a time zone") as caught:
        UtcDateTime().process_bind_param(datetime(1961, 8, 13), DIALECTS[0])  # noqa: DTZ001 - the point of it
    assert "1961" not in str(caught.value)


def test_each_engine_gets_the_column_it_knows() -> None:
    names = [
        (str(JsonDocument().compile(dialect=dialect)), str(Serial().compile(dialect=dialect))) for dialect in DIALECTS
    ]
    assert names == [("JSON", "INTEGER"), ("JSONB", "BIGINT")]
