"""Reads sets of offers and questions: JSON lines, unknown fields ignored, a bad line named by file, line and field."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]
DistrictCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]


class SetError(ValueError):
    """A file is no set of offers or questions: the message says where."""


class Site(BaseModel):
    """Where an offer is given."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    city: str | None = None
    postcode: str | None = None
    district_code: DistrictCode | None = None


class SetOffer(BaseModel):
    """An offer as a set gives it: German texts, no topics."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Id
    title: str
    text: str = ""
    partner: str = ""
    site: Site | None = None
    scope: Literal["region", "saxony", "federal"] = "region"
    catchment: tuple[DistrictCode, ...] = ()
    audience: tuple[Literal["person", "company", "actor"], ...] = ()
    consultation_languages: tuple[str, ...] = ()
    format: tuple[str, ...] | str | None = None
    cost: str | None = None
    intents: tuple[str, ...] = ()
    """What it is about, for judging only: nothing here reaches the index."""


class SetQuery(BaseModel):
    """A question as a set gives it; only `query` is asked, the rest is for judging and reports."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Id
    query: str
    lang: str = "und"
    intents: tuple[str, ...] = ()
    """Every offer with one of them is an answer; empty: out of scope, the right answer is to abstain."""
    slices: tuple[str, ...] = ()
    half: Literal["development", "test"] | None = None


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
