"""Owns how a broken promise is named."""

from dataclasses import dataclass
from enum import StrEnum

from tests.support.storm.history import Place


class Fault(StrEnum):
    """What went wrong."""

    LOST = "lost"
    """Acknowledged or published, and not there."""
    REVIVED = "revived"
    """Deleted, and there."""
    OLD = "old"
    """A version that its owner has replaced."""
    DIFFERENT = "different"
    """Not what its owner has, in any other way."""
    DOUBLE = "double"
    """One request acted twice, or one that was refused acted."""
    UNSENT = "unsent"
    """Still waiting in an outbox."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise: which, where (region/kind/id), seen by whom."""

    fault: Fault
    place: str
    seen: str

    def __str__(self) -> str:
        """Give one line."""
        return f"{self.fault}: {self.place}: {self.seen}"


def finding(fault: Fault, place: Place, seen: str) -> Finding:
    """Name a broken promise about a record."""
    return Finding(fault, "/".join(place), seen)
