"""Owns which steps must come before an offer helps, and which of them nothing shows to be taken."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

STARTED, DECIDED = "started", "decided"
"""How far a step has come."""
_PROGRESS = {STARTED: 1, DECIDED: 2}


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """A step that an offer requires: a topic, or the resource name of another offer."""

    topic: str
    offer: str
    state: str
    """STARTED or DECIDED: how far it must have come."""
    hard: bool
    """True: without it one is turned away."""
    evidence: str = ""


def missing_steps(required: Iterable[Prerequisite], taken: Mapping[str, str]) -> tuple[Prerequisite, ...]:
    """Give the steps that have not come so far, each topic or offer once, hard ones first.

    `taken` says by topic how far a step has come; an offer that must have been used is never known to have been.
    """
    missing: dict[tuple[str, str], Prerequisite] = {}
    for step in required:
        if step.topic and _PROGRESS.get(taken.get(step.topic, ""), 0) >= _PROGRESS.get(step.state, 1):
            continue
        known = missing.get((step.topic, step.offer))
        if known is None or (step.hard, _PROGRESS.get(step.state, 1)) > (known.hard, _PROGRESS.get(known.state, 1)):
            missing[step.topic, step.offer] = step
    return tuple(sorted(missing.values(), key=lambda step: not step.hard))
