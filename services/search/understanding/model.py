"""What understanding a question yields: plain values without any engine's or transport's types."""

from dataclasses import dataclass
from typing import Literal

Audience = Literal["person", "company", "actor"]
"""Whom an offer serves: a person seeking advice, an employer, or an actor of the labour market."""


@dataclass(frozen=True, slots=True)
class LinkedConcept:
    """A concept of the thesaurus with the reason it was linked."""

    id: str
    weight: float
    """How sure the link is, 0 to 1; comparable between queries."""
    label: str
    """The label that matched, as written in the thesaurus: shown as the reason."""
    language: str
    """BCP-47 tag of `label`."""


@dataclass(frozen=True, slots=True)
class TraceStep:
    """What one step found, for `lotse explain`; may hold what was typed, so it is never logged."""

    name: str
    found: str


@dataclass(frozen=True, slots=True)
class Understanding:
    """A question as the search engine needs it; the same question always gives the same value."""

    text: str
    """The question as typed, trimmed."""
    folded: str
    """The question after `fold`, places and language names included."""
    language: str
    """BCP-47 tag, `und` when unknown; it routes fields and display, it never filters."""
    confidence: float
    """How sure `language` is, 0 to 1."""
    tokens: tuple[str, ...]
    """The words of `folded`."""
    districts: tuple[str, ...]
    """Official codes (AGS) of the places named, in the order named: five digits a district, 14 the state."""
    consultation_languages: tuple[str, ...]
    """Languages named in the question: a filter to suggest, never one to apply unasked."""
    audience: Audience | None
    """A hint that raises offers for this audience; it never filters."""
    concepts: tuple[LinkedConcept, ...]
    """Best first, at most five, each above the threshold."""
    suggestions: tuple[LinkedConcept, ...]
    """The nearest concepts for "did you mean"; filled only when abstaining."""
    abstain: bool
    """True when nothing is above the threshold: ask back, do not show a random list."""
    read_as: str = ""
    """The text as it was understood, where that is another reading of the same keys; else empty."""
    unknown: tuple[str, ...] = ()
    """Folded words that stand in no label of any language: a name perhaps, or a form that only n-grams find."""
    trace: tuple[TraceStep, ...] = ()
    """The steps in order."""
