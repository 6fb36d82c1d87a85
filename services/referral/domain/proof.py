"""Owns what a proof says: both heads, what is wrong, and the entries for anybody to check."""

from dataclasses import dataclass

from services.referral.domain.log import Head, LogLine, SignedEntry
from services.referral.domain.referral import Referral


@dataclass(frozen=True, slots=True)
class Proof:
    """Both logs compared; proven when there is no problem."""

    head: Head
    peer: Head
    problems: tuple[str, ...]
    log: tuple[SignedEntry, ...]


def is_receipted(referral: Referral, line: LogLine) -> bool:
    """Say whether the other side has signed for this entry."""
    return not line.provisional and line.entry.version <= referral.peer_version
