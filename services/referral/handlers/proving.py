"""Owns the proof: this node's log, its signatures and chain, against the newest head that the other side has signed."""

from collections.abc import Iterator, Sequence

from services.referral.domain.log import Head, LogLine, canonical, chain_problems, head_of
from services.referral.domain.proof import Proof
from services.referral.handlers.logbook import referral_of
from services.referral.ports import Reading, Scribe


async def prove_path(store: Reading, scribe: Scribe, referral_id: str) -> Proof:
    """Compare; raises RESOURCE_NOT_FOUND."""
    referral = await referral_of(store, referral_id)
    kept = await store.log(referral_id)
    lines = canonical(kept)
    head, peer = head_of(lines), Head(referral.peer_version, referral.peer_hash)
    problems = (
        *_signature_problems(scribe, lines),
        *chain_problems(lines, referral.id, referral.source_region, referral.target_region),
        *_peer_problems(lines, head, peer),
        *_provisional_problems(kept),
    )
    return Proof(head, peer, problems, tuple(line.signed for line in lines))


def _signature_problems(scribe: Scribe, lines: Sequence[LogLine]) -> Iterator[str]:
    for line in lines:
        if scribe.read(line.signed, line.entry.author_region, line.store_time) != line.entry:
            yield f"entry {line.entry.version} is not signed by a known key of {line.entry.author_region}"


def _peer_problems(lines: Sequence[LogLine], head: Head, peer: Head) -> Iterator[str]:
    if peer.version == 0:
        yield "the other side has signed nothing yet"
    elif peer.version > head.version:
        yield f"the other side is at version {peer.version}, this node at {head.version}"
    elif lines[peer.version - 1].signed.hash != peer.hash:
        yield f"the other side has signed another entry {peer.version}"
    elif peer.version < head.version:
        yield f"the other side has signed up to version {peer.version} only"


def _provisional_problems(lines: Sequence[LogLine]) -> Iterator[str]:
    for line in lines:
        if line.provisional:
            yield f"entry {line.entry.version} is this node's own word; the target has not answered"
