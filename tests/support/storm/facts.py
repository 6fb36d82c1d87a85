"""Owns what the checker compares: plain values, read from the owners' databases and from every copy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.support.storm.history import Call, Place, Sighting


@dataclass(frozen=True, slots=True)
class Change:
    """One row of a record's history in its owner's database; `marker` is the word its text held then."""

    revision: int
    action: str
    marker: str


@dataclass(frozen=True, slots=True)
class Owned:
    """A record in its owner's database, and what the public should see of it.

    `version` counts its publications (0: never public), as one number with the epoch; `gone`: the last one said that it
    is deleted. `entry` is the public entry made afresh of the owner's rows, empty when nothing is public.
    """

    place: Place
    revision: int
    marker: str
    version: int
    gone: bool
    entry: bytes
    searchable: bool
    changes: tuple[Change, ...]

    @property
    def public(self) -> bool:
        """Whether the public sees it."""
        return self.version > 0 and not self.gone


@dataclass(frozen=True, slots=True)
class Copy:
    """A record as a reader keeps it."""

    version: int
    deleted: bool
    entry: bytes


@dataclass(frozen=True, slots=True)
class Reader:
    """Everything that one search holds and says, of every region.

    `books` is its database (partners without entry), `engine` all documents of its index, `answers` what GetOffer gave,
    `found` what an empty search found, `found_total` how many offers that search counted.
    """

    name: str
    books: Mapping[Place, Copy]
    engine: Mapping[Place, Copy]
    answers: Mapping[Place, bytes]
    found: frozenset[Place]
    found_total: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the checker looks at; `unsent` are outbox rows by owner and target that nobody acknowledged."""

    calls: Sequence[Call]
    owned: Mapping[Place, Owned]
    readers: Sequence[Reader]
    sightings: Sequence[Sighting] = ()
    unsent: Mapping[str, int] = field(default_factory=dict)
