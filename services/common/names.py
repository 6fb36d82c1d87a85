"""Owns resource names: "regions/{region}/offers/{offer}" and how they come apart."""

import re
from dataclasses import dataclass
from typing import NewType

from services.common.errors import invalid

RegionId = NewType("RegionId", str)
"""Id of a region, e.g. "dresden"."""

RESERVED_IDS = frozenset({"new", "root", "hub", "node", "bucket", "search", "head"})
"""Ids with a meaning in subjects or addresses (federation.md, "Subjects"): no record may have one."""

_TOKEN = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class ResourceName:
    """A record's place: its region, its collection ("offers") and its id there."""

    region: RegionId
    collection: str
    id: str

    def __str__(self) -> str:
        """Give the name as it stands in messages."""
        return f"regions/{self.region}/{self.collection}/{self.id}"


def parse_name(text: str, collection: str, path: str = "name") -> ResourceName:
    """Take a name apart; raises INVALID_FIELD for `path` when it is none of that collection."""
    parts = text.split("/")
    if (
        len(parts) != 4
        or parts[0] != "regions"
        or parts[2] != collection
        or not (is_token(parts[1]) and is_token(parts[3]))
    ):
        raise invalid((path, f'must be "regions/{{region}}/{collection}/{{id}}"'))
    return ResourceName(RegionId(parts[1]), collection, parts[3])


def parse_region(text: str, path: str = "parent") -> RegionId:
    """Take "regions/{region}" apart; raises INVALID_FIELD for `path`."""
    collection, _, region = text.partition("/")
    if collection != "regions" or not is_token(region):
        raise invalid((path, 'must be "regions/{region}"'))
    return RegionId(region)


def is_token(text: str) -> bool:
    """Say whether the text may stand as one part of a name or a NATS subject."""
    return _TOKEN.fullmatch(text) is not None
