"""Turns what people write in a file into what protobuf's JSON form wants; every deviation is named, none is dropped.

Shorter than the JSON form are: enum values (`counselling` for OFFER_KIND_COUNSELLING), dates (`2024-08-22`) and
references (the id of a record of the same region for its full name).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

_REFERENCES = {
    "lotse.directory.v1.Partner.parent": "partners",
    "lotse.directory.v1.Site.partner": "partners",
    "lotse.directory.v1.Offer.partner": "partners",
    "lotse.directory.v1.OfferSite.site": "sites",
    "lotse.directory.v1.Prerequisite.offer": "offers",
}
"""Fields that name another record, and its collection."""

_SET_BY_SERVER = frozenset(
    {"name", "uid", "etag", "revision", "state", "confirm_time", "review_due_date"}
    | {f"{step}_time" for step in ("create", "update", "delete", "purge")}
)
_FULL_NAME = re.compile(r"regions/[^/]+/[a-z]+/[^/]+")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(slots=True)
class Expander:
    """Expands the items of one region's file and collects what is wrong with the current one."""

    region: str
    is_known: Callable[[str], bool]
    """Says whether a full name is a record of this file or one that exists already."""
    problems: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of path and rule."""

    def item(self, entry: Mapping[Any, Any], descriptor: Descriptor) -> dict[str, Any]:
        """Return the JSON form of a record; fields that only the server sets are refused."""
        for name in sorted(_SET_BY_SERVER & set(map(str, entry))):
            self.problems.append((name, "is set by the server"))
        return self._message({key: value for key, value in entry.items() if key not in _SET_BY_SERVER}, descriptor, "")

    def _message(self, entry: Mapping[Any, Any], descriptor: Descriptor, path: str) -> dict[str, Any]:
        expanded: dict[str, Any] = {}
        for key, value in entry.items():
            target = descriptor.fields_by_name.get(str(key))
            where = f"{path}.{key}" if path else str(key)
            if target is None:
                self.problems.append((where, f"is no field of {descriptor.name}"))
            elif value is not None:
                expanded[target.name] = self._field(value, target, where)
        return expanded

    def _field(self, value: Any, target: FieldDescriptor, path: str) -> Any:
        if not target.is_repeated:
            return self._value(value, target, path)
        if not isinstance(value, list):
            self.problems.append((path, "must be a list"))
            return []
        return [self._value(one, target, f"{path}[{place}]") for place, one in enumerate(value)]

    def _value(self, value: Any, target: FieldDescriptor, path: str) -> Any:
        if target.enum_type is not None:
            return self._enum(value, target.enum_type, path)
        if target.message_type is not None:
            return self._part(value, target.message_type, path)
        if target.full_name in _REFERENCES and isinstance(value, str):
            return self._reference(value, _REFERENCES[target.full_name], path)
        return self._scalar(value, target, path)

    def _part(self, value: Any, descriptor: Descriptor, path: str) -> Any:
        if descriptor.full_name == "google.type.Date":
            return self._date(value, path)
        if descriptor.full_name.startswith("google.protobuf."):
            return value  # a timestamp: its JSON form is what people write anyway
        if isinstance(value, dict):
            return self._message(value, descriptor, path)
        self.problems.append((path, f"must hold the fields of {descriptor.name}"))
        return {}

    def _scalar(self, value: Any, target: FieldDescriptor, path: str) -> Any:
        # 14612 without quotes is a number to YAML; protobuf would refuse it too, but name no item.
        if target.type == FieldDescriptor.TYPE_STRING and not isinstance(value, str):
            self.problems.append((path, "must be text; put it in quotes"))
            return ""
        return value

    def _enum(self, value: Any, enum: EnumDescriptor, path: str) -> str:
        zero = enum.values_by_number[0].name
        choices = dict(_choices(enum, zero.removesuffix("UNSPECIFIED")))
        if not isinstance(value, str) or value not in choices:
            self.problems.append((path, f"must be one of {', '.join(choices)}"))
            return zero
        return choices[value]

    def _date(self, value: Any, path: str) -> dict[str, int]:
        try:
            day = date.fromisoformat(value) if _ISO_DATE.fullmatch(value) else None
        except (TypeError, ValueError):
            day = None
        if day is None:
            self.problems.append((path, "must be a day such as 2024-08-22"))
            return {}
        return {"year": day.year, "month": day.month, "day": day.day}

    def _reference(self, value: str, collection: str, path: str) -> str:
        name = value if _FULL_NAME.fullmatch(value) else f"regions/{self.region}/{collection}/{value}"
        if not self.is_known(name):
            self.problems.append((path, f"refers to {name}, which is not there"))
        return name


def _choices(enum: EnumDescriptor, prefix: str) -> Iterator[tuple[str, str]]:
    for value in enum.values:
        if value.number != 0:
            yield value.name.removeprefix(prefix).lower(), value.name
