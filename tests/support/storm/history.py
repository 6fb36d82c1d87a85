"""Owns what editors did and heard: one line before each call and one after it, as in Jepsen's histories.

A call without a second line, or whose second line says so, is *unknown*: it may have had its effect or not.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

Place = tuple[str, str, str]
"""Which record: region, kind ("offer", "partner"), id."""


class Result(StrEnum):
    """What an editor knows of a call."""

    OK = "ok"
    REFUSED = "refused"
    UNKNOWN = "unknown"


WRITES_TEXT = frozenset({"create", "update"})
"""Actions that leave their marker in the record; the others are known by their revision."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One write that an editor wants, however often it must ask; `marker` is a word that no other write uses."""

    number: int
    request_id: str
    place: Place
    action: str
    marker: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. `revision` is the one the answer named; `seconds` from the first try to the last answer."""

    result: Result
    revision: int = 0
    reason: str = ""
    tries: int = 1
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Call:
    """An operation with its outcome."""

    operation: Operation
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a reader was shown of an offer at some moment; `revision` None: it is gone, or not there yet."""

    reader: str
    place: Place
    revision: int | None


class History:
    """Collects calls and sightings, in memory and as JSON lines in a file that outlives the run."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", buffering=1)
        self._begun: dict[int, Operation] = {}
        self._ended: dict[int, Outcome] = {}
        self._shown: dict[tuple[str, Place], int | None] = {}
        self.sightings: list[Sighting] = []

    def begin(self, operation: Operation) -> None:
        """Note a call before it is made."""
        self._begun[operation.number] = operation
        self._write("call", asdict(operation))

    def end(self, operation: Operation, outcome: Outcome) -> None:
        """Note what came of it."""
        self._ended[operation.number] = outcome
        self._write("answer", {"number": operation.number, **asdict(outcome)})

    def see(self, sighting: Sighting) -> None:
        """Note what a reader was shown, if it is something else than last time."""
        key = sighting.reader, sighting.place
        if key not in self._shown or self._shown[key] != sighting.revision:
            self._shown[key] = sighting.revision
            self.sightings.append(sighting)

    def note(self, what: str, **facts: object) -> None:
        """Note something else, such as a kill; for people who read the file."""
        self._write(what, facts)

    def next_number(self) -> int:
        """Give a number for the next operation."""
        return len(self._begun) + 1

    def calls(self) -> Sequence[Call]:
        """Give all calls; one that never ended is unknown."""
        return [Call(each, self._ended.get(number, Outcome(Result.UNKNOWN))) for number, each in self._begun.items()]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, what: str, facts: dict[str, object]) -> None:
        self._file.write(json.dumps({"time": round(time.time(), 4), "what": what, **facts}) + "\n")
