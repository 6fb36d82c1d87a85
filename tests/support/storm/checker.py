"""Guarantees that a history and what is kept agree, or names each place where they do not. A pure function.

Rules (reliability.md, I1–I3 and I10): an acknowledged write is in its owner's history, once; a refused one is nowhere;
an unknown one is there once or not at all; every reader holds exactly what the owner published last; nothing deleted is
found, and no reader ever saw a record go back.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tests.support.storm.copies import check_reader
from tests.support.storm.facts import Change, Evidence, Owned
from tests.support.storm.findings import Fault, Finding, finding
from tests.support.storm.history import WRITES_TEXT, Call, Place, Result, Sighting


def check(evidence: Evidence) -> list[Finding]:
    """Give every broken promise; none means that all held."""
    found: list[Finding] = []
    calls: dict[Place, list[Call]] = defaultdict(list)
    for call in evidence.calls:
        calls[call.operation.place].append(call)
    for place, of_place in calls.items():
        found += _check_writes(place, of_place, evidence.owned.get(place))
    for record in evidence.owned.values():
        found += _check_record(record)
    for reader in evidence.readers:
        found += check_reader(reader, evidence.owned)
    found += _check_sightings(evidence.sightings)
    found += [Finding(Fault.UNSENT, owner, f"{rows} outbox rows") for owner, rows in evidence.unsent.items() if rows]
    return found


def _check_record(record: Owned) -> Iterator[Finding]:
    """A record must be what its own history says."""
    revisions = [change.revision for change in record.changes]
    if revisions != list(range(1, record.revision + 1)):
        yield finding(Fault.LOST, record.place, f"history holds {revisions}, the record is at {record.revision}")
    texts = [change.marker for change in record.changes if change.action in WRITES_TEXT]
    if texts and texts[-1] != record.marker:
        yield finding(Fault.LOST, record.place, f"text is of {record.marker!r}, last written was {texts[-1]!r}")


def _check_writes(place: Place, calls: Sequence[Call], record: Owned | None) -> Iterator[Finding]:
    """Each acknowledged write has a change of its own, and each change a write."""
    changes = {change.revision: change for change in record.changes} if record else {}
    claimed: set[int] = set()
    for call in calls:
        if call.outcome.result is not Result.OK:
            continue
        what, revision = _named(call), call.outcome.revision
        change = changes.get(revision)
        if change is None or not _fits(change, call):
            yield finding(Fault.LOST, place, f"{what} was acknowledged as revision {revision}, which is {change}")
        elif revision in claimed:
            yield finding(Fault.LOST, place, f"{what} was acknowledged with another write's revision {revision}")
        claimed.add(revision)
    if any(call.operation.action == "create" for call in calls):
        unclaimed = [change for revision, change in changes.items() if revision not in claimed]
        yield from _check_unclaimed(place, unclaimed, calls)


def _check_unclaimed(place: Place, changes: Sequence[Change], calls: Sequence[Call]) -> Iterator[Finding]:
    """A change that no acknowledgement names must be the work of one unknown write, and of each at most once."""
    unknown = Counter(_trace(call) for call in calls if call.outcome.result is Result.UNKNOWN)
    for change in changes:
        trace = (change.action, change.marker if change.action in WRITES_TEXT else "")
        if unknown[trace] > 0:
            unknown[trace] -= 1
        else:
            yield finding(Fault.DOUBLE, place, f"{change} is nobody's: acted twice, or although it was refused")


def _trace(call: Call) -> tuple[str, str]:
    """Give by what a write's effect is known."""
    operation = call.operation
    return operation.action, operation.marker if operation.action in WRITES_TEXT else ""


def _fits(change: Change, call: Call) -> bool:
    operation = call.operation
    return change.action == operation.action and (
        operation.action not in WRITES_TEXT or change.marker == operation.marker
    )


def _named(call: Call) -> str:
    return f"{call.operation.action} {call.operation.marker}"


def _check_sightings(sightings: Sequence[Sighting]) -> Iterator[Finding]:
    """What one reader is shown of a record never goes back; what is gone comes back only as something newer."""
    highest: dict[tuple[str, Place], int] = {}
    gone: dict[tuple[str, Place], bool] = {}
    for sighting in sightings:
        key = sighting.reader, sighting.place
        if sighting.revision is None:
            gone[key] = key in highest
            continue
        known = highest.get(key, 0)
        if sighting.revision < known:
            seen = f"{sighting.reader} showed revision {known}, then {sighting.revision}"
            yield finding(Fault.OLD, sighting.place, seen)
        elif gone.get(key) and sighting.revision == known:
            yield finding(Fault.REVIVED, sighting.place, f"{sighting.reader} showed revision {known} again")
        highest[key] = max(known, sighting.revision)
        gone[key] = False


def counted(findings: Sequence[Finding]) -> Mapping[Fault, int]:
    """Count findings by fault."""
    return Counter(found.fault for found in findings)
