"""Owns how measured times and storms are told."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.support.storm.findings import Fault, Finding
from tests.support.storm.history import Call, Result

TABLES: list[str] = []
"""What the tests of this run measured, in lines; printed behind the results."""


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that `share` of all do not exceed (nearest rank); 0 for none."""
    if not values:
        return 0.0
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def times(values: Sequence[float]) -> str:
    """Tell p50 and p99 of seconds, in milliseconds."""
    return f"p50 {percentile(values, 0.5) * 1000:.0f} ms, p99 {percentile(values, 0.99) * 1000:.0f} ms"


@dataclass(frozen=True, slots=True)
class StormReport:
    """One storm: what was done, who was killed, how long healing took, what was found."""

    seed: int
    calls: Sequence[Call]
    killed: Counter[str]
    heal_seconds: float
    findings: Sequence[Finding]

    @property
    def refusals(self) -> Counter[str]:
        """Count refusals by reason."""
        return Counter(call.outcome.reason for call in self.calls if call.outcome.result is Result.REFUSED)

    def lines(self) -> list[str]:
        """Tell it in a table of one row, and who was killed."""
        results = Counter(call.outcome.result for call in self.calls)
        faults = Counter(found.fault for found in self.findings)
        acked = [call.outcome.seconds for call in self.calls if call.outcome.result is Result.OK]
        columns = {
            "seed": self.seed,
            "ops": len(self.calls),
            **{result.value: results[result] for result in Result},
            "repeated": sum(call.outcome.tries > 1 for call in self.calls),
            "kills": self.killed.total(),
            "lost": faults[Fault.LOST],
            "revived": faults[Fault.REVIVED],
            "differences": sum(faults[fault] for fault in (Fault.OLD, Fault.DIFFERENT, Fault.UNSENT)),
            "double": faults[Fault.DOUBLE],
            "heal s": round(self.heal_seconds, 1),
            "ack p50 ms": round(percentile(acked, 0.5) * 1000),
            "ack p99 ms": round(percentile(acked, 0.99) * 1000),
        }
        killed = ", ".join(f"{part} {count}" for part, count in sorted(self.killed.items()))
        return [*table([columns]), f"killed: {killed}"]


def table(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Set rows of the same columns below each other."""
    names = list(rows[0])
    widths = [max(len(name), *(len(str(row[name])) for row in rows)) for name in names]
    cells = [names, *([str(row[name]) for name in names] for row in rows)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in cells]
