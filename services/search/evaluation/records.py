"""Reads sets of offers and questions: JSON lines, unknown fields ignored, a bad line named by file, line and field."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError, model_validator

Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_DISTRICT = re.compile(r"[0-9]{5}")


class SetError(ValueError):
    """A file is no set of offers or questions: the message says where."""


def _texts(value: object) -> tuple[str, ...]:
    """Read one text or many; other sets write either."""
    given = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
    return tuple(str(one) for one in given if isinstance(one, str | int))


def _codes(value: object) -> tuple[str, ...]:
    return tuple(code for code in _texts(value) if _DISTRICT.fullmatch(code))


def _audiences(value: object) -> tuple[str, ...]:
    return tuple(one for one in _texts(value) if one in {"person", "company", "actor"})


def _loosely(value: object) -> str:
    return value if isinstance(value, str) else ""


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]
Codes = Annotated[tuple[str, ...], BeforeValidator(_codes)]
Audiences = Annotated[tuple[str, ...], BeforeValidator(_audiences)]
Loose = Annotated[str, BeforeValidator(_loosely)]
"""What only helps: in another form than expected it is left out rather than refused."""


class _Lenient(BaseModel):
    """A line of a set: unknown fields are ignored, null is as good as absent."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _without_null(cls, data: Any) -> Any:
        return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data


class Site(_Lenient):
    """Where an offer is given."""

    city: Loose = ""
    postcode: Loose = ""
    district_code: Loose = ""


class SetOffer(_Lenient):
    """An offer as a set gives it: German texts, no topics."""

    id: Id
    title: str
    text: str = ""
    partner: str = ""
    site: Site | None = None
    scope: Loose = "region"
    catchment: Codes = ()
    audience: Audiences = ()
    consultation_languages: Texts = ()
    format: Texts = ()
    cost: Loose = ""
    intents: Texts = ()
    """What it is about, for judging only: nothing here reaches the index."""


class SetQuery(_Lenient):
    """A question as a set gives it; only `query` is asked, the rest is for judging and reports."""

    id: Id
    query: str
    lang: Loose = "und"
    intents: Texts = ()
    """Every offer with one of them is an answer; empty: out of scope, the right answer is to abstain."""
    slices: Texts = ()
    half: Loose = ""
    """development or test, in the own set."""


Record = TypeVar("Record", SetOffer, SetQuery)


def read_offers(path: Path) -> tuple[SetOffer, ...]:
    """Read offers; raises SetError for a file or line that cannot be read, and for an id given twice."""
    return _unique(_read(path, SetOffer), path)


def read_queries(path: Path) -> tuple[SetQuery, ...]:
    """Read questions; raises SetError as `read_offers` does."""
    return _unique(_read(path, SetQuery), path)


def _read(path: Path, kind: type[Record]) -> Iterator[Record]:
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SetError(f"{path.name}: cannot be read as UTF-8 text ({type(error).__name__})") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield kind.model_validate_json(line)
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                field = ".".join(map(str, first["loc"]))
                raise SetError(f"{path.name}, line {number}: {field + ': ' if field else ''}{first['msg']}") from None


def _unique(records: Iterator[Record], path: Path) -> tuple[Record, ...]:
    found: dict[str, Record] = {}
    for record in records:
        if found.setdefault(record.id, record) is not record:
            raise SetError(f"{path.name}: the id {record.id!r} stands twice")
    return tuple(found.values())
