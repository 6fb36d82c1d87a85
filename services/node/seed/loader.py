"""Reads a file of partners, sites and offers into messages that keep every rule of the contract.

The form: three lists, `partners`, `sites` and `offers`; each item has an `id` and the fields of its message in
snake_case. Enum values stand without their prefix in lower case, dates as 2024-08-22, other records by their id.
`shared` may hold anchors for what repeats; it is not read. The same form serves a node's start and an import.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, cast

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from lotse.directory.v1 import offer_pb2, partner_pb2
from services.common.names import RESERVED_IDS, is_token
from services.common.rpc.validation import violations
from services.node.seed.expand import Expander
from services.node.seed.problems import SeedError, SeedProblem
from services.node.seed.reading import read_lists

SEED_REGIONS = ("dresden", "leipzig", "chemnitz", "zwickau", "erzgebirge", "mittelsachsen", "sachsen")
"""Regions that come with starting data; `sachsen` holds what serves the whole state."""

COLLECTIONS = ("partners", "sites", "offers")

_Record = TypeVar("_Record", bound=Message)


@dataclass(frozen=True, slots=True)
class Seed:
    """Records of one region, each with its id, in the order of the file; names are left to the server."""

    region: str
    partners: tuple[tuple[str, partner_pb2.Partner], ...]
    sites: tuple[tuple[str, partner_pb2.Site], ...]
    offers: tuple[tuple[str, offer_pb2.Offer], ...]


def seed_path(region: str) -> Path:
    """Return where the starting data of a region lies; it is installed beside this module."""
    return Path(__file__).with_name(f"{region}.yaml")


def load_seed(path: Path, region: str, known: Collection[str] = ()) -> Seed:
    """Read and check a file; `known` holds full names of records that exist already and may be referred to.

    Raises SeedError with every problem of the file, OSError when it cannot be read.
    """
    lists = read_lists(path, COLLECTIONS, ignored=("shared",))
    here = {f"regions/{region}/{collection}/{_id(entry)}" for collection in COLLECTIONS for entry in lists[collection]}
    reader = _Reader(path.name, region, here | set(known), [])
    seed = Seed(
        region,
        reader.records("partners", lists["partners"], partner_pb2.Partner),
        reader.records("sites", lists["sites"], partner_pb2.Site),
        reader.records("offers", lists["offers"], offer_pb2.Offer),
    )
    if reader.problems:
        raise SeedError(reader.problems)
    return seed


@dataclass(frozen=True, slots=True)
class _Reader:
    file: str
    region: str
    names: Collection[str]
    problems: list[SeedProblem]

    def records(self, collection: str, entries: list[Any], kind: type[_Record]) -> tuple[tuple[str, _Record], ...]:
        """Return the good records of one list; what is wrong with the others is added to `problems`."""
        found: dict[str, _Record] = {}
        for place, entry in enumerate(entries):
            id_ = _id(entry)
            rule = "appears twice" if id_ in found else _id_rule(id_)
            if rule:
                self.problems.append(SeedProblem(self.file, f"{collection}[{place}]", "id", rule))
            else:
                fields = {key: value for key, value in entry.items() if key != "id"}
                found[id_] = self._record(f"{collection}/{id_}", fields, kind)
        return tuple(found.items())

    def _record(self, item: str, fields: Mapping[Any, Any], kind: type[_Record]) -> _Record:
        expander = Expander(self.region, lambda name: name in self.names)
        message = kind()
        expanded = expander.item(fields, cast(Descriptor, kind.DESCRIPTOR))
        faults = list(expander.problems)
        if not faults:
            # A message that is not even well formed would only break the same rules a second time.
            try:
                json_format.ParseDict(expanded, message)
                faults += [(found.path, found.rule) for found in violations(message)]
            except json_format.ParseError as error:
                faults.append(("", str(error).partition("\n")[0]))
        self.problems.extend(SeedProblem(self.file, item, path, rule) for path, rule in faults)
        return message


def is_over(offer: offer_pb2.Offer, today: date) -> bool:
    """Say whether an offer's last day has passed; such a one is kept as history and cannot be published anew."""
    last = offer.valid_until
    return offer.HasField("valid_until") and date(last.year, last.month, last.day) < today


def _id_rule(id_: str) -> str:
    if not is_token(id_):
        return "must be lower-case letters, digits and hyphens"
    return "is reserved" if id_ in RESERVED_IDS else ""


def _id(entry: Any) -> str:
    """Give an item's id, or the empty text, which is none, for whatever else stands there."""
    id_ = entry.get("id") if isinstance(entry, dict) else None
    return id_ if isinstance(id_, str) else ""
