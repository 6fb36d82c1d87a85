"""Reads the reference needs: what callers ask in five languages, and which partner should be among the first hits."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from services.node.seed.problems import SeedError, SeedProblem
from services.node.seed.reading import read_lists

NEED_LANGUAGES = ("de", "en", "uk", "ar", "vi")
"""Every need is asked in each of these, from the caller's side and in the caller's words."""

_NEEDS_PATH = Path(__file__).with_name("needs.yaml")


@dataclass(frozen=True, slots=True)
class ExpectedPartner:
    """A partner whose offer answers the need: region and id in that region's starting data."""

    region: str
    partner: str


@dataclass(frozen=True, slots=True)
class Need:
    """One reference need: any of `expected` is a right answer."""

    id: str
    topic: str
    """Concept id of the thesaurus that the question is about."""
    expected: tuple[ExpectedPartner, ...]
    questions: Mapping[str, str]
    """By language, in the order of NEED_LANGUAGES."""


def load_needs(path: Path = _NEEDS_PATH) -> tuple[Need, ...]:
    """Return all reference needs in the order of the file; raises SeedError for an entry that breaks the form."""
    needs: list[Need] = []
    problems: list[SeedProblem] = []
    for place, entry in enumerate(read_lists(path, ("needs",))["needs"]):
        try:
            needs.append(_need(entry))
        except (AttributeError, KeyError, TypeError) as error:
            problems.append(SeedProblem(path.name, f"needs[{place}]", str(error), "is missing or misshapen"))
    if problems:
        raise SeedError(problems)
    return tuple(needs)


def _need(entry: Any) -> Need:
    return Need(
        id=entry["id"],
        topic=entry["topic"],
        expected=tuple(ExpectedPartner(**one) for one in entry["expected"]),
        questions=MappingProxyType({language: entry["questions"][language] for language in NEED_LANGUAGES}),
    )
