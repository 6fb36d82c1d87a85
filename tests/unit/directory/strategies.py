"""Any record that the types allow, whether or not a rule would: round trips must hold for all of them."""

from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

T = TypeVar("T")

_TEXT = st.text(max_size=8)
_LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: _TEXT,
    bool: st.booleans(),
    int: st.integers(-(2**31), 2**31 - 1),
    float: st.floats(allow_nan=False),
    # Timestamps begin in year 1 and end in year 9999, in UTC.
    datetime: st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    date: st.dates(),
}


def records(kind: type[T]) -> st.SearchStrategy[T]:
    """Any value of a dataclass, made from its type hints; lists hold up to two items."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return st.builds(kind, **{name: _of(hints[name]) for name in names})


def _of(hint: Any) -> st.SearchStrategy[Any]:
    if get_origin(hint) is tuple:
        return st.lists(_of(get_args(hint)[0]), max_size=2).map(tuple)
    if NoneType in get_args(hint):
        return st.none() | _of(get_args(hint)[0])
    if is_dataclass(hint):
        return records(hint)  # type: ignore[arg-type]
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    return _LEAVES[hint]
