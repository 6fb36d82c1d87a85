"""Owns the log of a referral: entries signed by their authors, each naming the hash of the one before.

Entries that a source wrote without its target's word are provisional: shown, but no part of the proof, and dropped as
soon as the target's own entries come.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.referral.domain.transitions import is_legal
from services.referral.domain.values import DeclineReason, OutcomeCode, Side, State


@dataclass(frozen=True, slots=True)
class Entry:
    """One step; `version` counts from 1, `previous_hash` is empty for the first."""

    referral_id: str
    version: int
    previous_hash: bytes
    author_region: str
    author_role: str
    state: State
    time: datetime
    decline_reason: DeclineReason = DeclineReason.UNSPECIFIED
    outcome_code: OutcomeCode = OutcomeCode.UNSPECIFIED
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SignedEntry:
    """An entry as it is stored and travels: exactly the bytes that were signed."""

    content: bytes
    key_id: str
    signature: bytes

    @property
    def hash(self) -> bytes:
        """SHA-256 of the signed bytes, 32 bytes: what the next entry names."""
        return hashlib.sha256(self.content).digest()


@dataclass(frozen=True, slots=True)
class LogLine:
    """An entry as this node keeps it."""

    entry: Entry
    signed: SignedEntry
    store_time: datetime
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """How far a log goes: its newest version and that entry's hash; (0, b"") for none."""

    version: int
    hash: bytes


NO_HEAD = Head(0, b"")


def canonical(lines: Sequence[LogLine]) -> list[LogLine]:
    """Leave provisional entries out."""
    return [line for line in lines if not line.provisional]


def head_of(lines: Sequence[LogLine]) -> Head:
    """Say how far these lines go."""
    return Head(lines[-1].entry.version, lines[-1].signed.hash) if lines else NO_HEAD


def state_of(lines: Sequence[LogLine]) -> State:
    """Give the state after these lines."""
    return lines[-1].entry.state if lines else State.UNSPECIFIED


def fits_behind(entry: Entry, before: Sequence[LogLine], referral_id: str, source: str, target: str) -> bool:
    """Say whether an entry is the next one of this referral: place, chain, author, and a step that the table knows."""
    head = head_of(before)
    side = {source: Side.SOURCE, target: Side.TARGET}.get(entry.author_region)
    return (
        entry.referral_id == referral_id
        and entry.version == head.version + 1
        and entry.previous_hash == head.hash
        and side is not None
        and is_legal(side, entry.author_role, state_of(before), entry.state)
    )


def chain_problems(lines: Sequence[LogLine], referral_id: str, source: str, target: str) -> Iterator[str]:
    """Name each entry that does not follow from the one before."""
    for place, line in enumerate(lines):
        if not fits_behind(line.entry, lines[:place], referral_id, source, target):
            yield f"entry {line.entry.version} does not follow from the one before it"
