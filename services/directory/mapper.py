"""Guarantees that a dataclass and a protobuf message of the same field names say the same, both ways.

One mapper for all records, driven by type hints: text, numbers, truth values, `StrEnum` (the contract's prefix is left
out), `datetime` (Timestamp), `date` (google.type.Date), dataclasses, tuples of those (repeated), and `X | None` for
what may be absent. A field that one side lacks is left alone. Reading gathers faults instead of stopping at the first.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

Faults = list[tuple[str, str]]
"""Paths and rules of what could not be read."""
T = TypeVar("T")
Member = TypeVar("Member", bound=StrEnum)
_UNSPECIFIED = "UNSPECIFIED"


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one field is carried over."""

    name: str
    repeated: bool
    kind: type
    enum: EnumDescriptor | None


_KNOWN: dict[tuple[type, str], tuple[_Plan, ...]] = {}


def write(value: object, message: Message) -> None:
    """Fill an empty message from a dataclass."""
    for plan in _plans(type(value), message.DESCRIPTOR):
        content = getattr(value, plan.name)
        if plan.repeated:
            target = getattr(message, plan.name)
            for item in content:
                _append(plan, item, target)
        elif is_dataclass(plan.kind) or plan.kind in {date, datetime}:
            if content is not None:
                part = getattr(message, plan.name)
                part.SetInParent()
                _fill(content, part)
        else:
            setattr(message, plan.name, _scalar_out(plan, content))


def read(kind: type[T], message: Message, path: str, faults: Faults) -> T:
    """Make a dataclass from a message; what cannot be read is named in `faults` and left absent."""
    given: dict[str, object] = {}
    for plan in _plans(kind, message.DESCRIPTOR):
        at = f"{path}.{plan.name}"
        content = getattr(message, plan.name)
        if plan.repeated:
            given[plan.name] = tuple(_read_one(plan, item, f"{at}[{n}]", faults) for n, item in enumerate(content))
        elif is_dataclass(plan.kind) or plan.kind in {date, datetime}:
            present = message.HasField(plan.name)
            given[plan.name] = _read_one(plan, content, at, faults) if present else None
        else:
            given[plan.name] = _read_one(plan, content, at, faults)
    return kind(**given)


def read_enum(kind: type[Member], enum: EnumDescriptor, number: int) -> Member | None:
    """Find the member of a number; None for a number that this version of the contract does not know."""
    value = enum.values_by_number.get(number)
    return None if value is None else kind[value.name.removeprefix(_prefix(enum))]


def _append(plan: _Plan, item: object, target: Any) -> None:
    if is_dataclass(plan.kind):
        write(item, target.add())
    else:
        target.append(_scalar_out(plan, item))


def _fill(content: object, part: Any) -> None:
    if isinstance(content, datetime):
        part.FromDatetime(content)
    elif isinstance(content, date):
        part.year, part.month, part.day = content.year, content.month, content.day
    else:
        write(content, part)


def _scalar_out(plan: _Plan, content: object) -> object:
    if plan.enum is None:
        return content
    assert isinstance(content, StrEnum)  # noqa: S101 - the plan was made from the type hint
    return plan.enum.values_by_name[_prefix(plan.enum) + content.name].number


def _read_one(plan: _Plan, content: Any, path: str, faults: Faults) -> object:
    if plan.enum is not None and issubclass(plan.kind, StrEnum):
        member = read_enum(plan.kind, plan.enum, content)
        if member is None:
            faults.append((path, "is no value of this list"))
        return plan.kind[_UNSPECIFIED] if member is None else member
    reader = _READERS.get(plan.kind)
    if reader is not None:
        try:
            return reader(content)
        except ValueError:
            faults.append((path, "is no real date or time"))
            return None
    return read(plan.kind, content, path, faults) if is_dataclass(plan.kind) else content


def _moment(stamp: Timestamp) -> datetime:
    """Read a time to the microsecond; ValueError for nanoseconds or years that no clock shows."""
    if not 0 <= stamp.nanos < 1_000_000_000:
        raise ValueError("nanos")
    try:
        return stamp.ToDatetime(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError("year") from error


def _day(day: Any) -> date:
    return date(day.year, day.month, day.day)


_READERS: dict[type, Callable[[Any], object]] = {datetime: _moment, date: _day}


def _prefix(enum: EnumDescriptor) -> str:
    return enum.values_by_number[0].name.removesuffix(_UNSPECIFIED)


def _plans(kind: type[Any], message: Any) -> tuple[_Plan, ...]:
    """Work out once how a pair of types corresponds."""
    plans = _KNOWN.get((kind, message.full_name))
    if plans is None:
        hints = get_type_hints(kind)
        common = (field.name for field in fields(kind) if field.name in message.fields_by_name)
        plans = tuple(_plan(name, hints[name], message.fields_by_name[name]) for name in common)
        _KNOWN[kind, message.full_name] = plans
    return plans


def _plan(name: str, hint: Any, descriptor: FieldDescriptor) -> _Plan:
    repeated = get_origin(hint) is tuple
    if repeated != descriptor.is_repeated:
        raise TypeError(f"{name}: one side is a list")
    inner = get_args(hint)[0] if repeated else _without_none(hint)
    return _Plan(name, repeated, inner, descriptor.enum_type)


def _without_none(hint: Any) -> Any:
    inner: Iterable[Any] = [part for part in get_args(hint) if part is not NoneType]
    return next(iter(inner), hint)
