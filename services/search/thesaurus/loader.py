"""Reads the thesaurus from its YAML files; a file that breaks the form is refused with its name and entry."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

DEFAULT_FOLDER = Path(__file__).parent
"""The concept files live beside this module, so that they are installed with it."""

LabelsByLanguage = Mapping[str, tuple[str, ...]]
_FALLBACKS = ("en", "de")


class ThesaurusError(ValueError):
    """The data is not a thesaurus: the message names the file and the entry."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One topic of advice, in the SKOS sense, with everything people call it."""

    id: str
    broader: tuple[str, ...]
    related: tuple[str, ...]
    definition: str
    """German, one sentence."""
    labels: LabelsByLanguage
    """Per BCP-47 tag; the first one is the name to show, the rest is what people say."""
    hidden: LabelsByLanguage
    """Misspellings and transliterations: they match, but are never shown."""
    audience: str | None = None
    """`person`, `company` or `actor` when the topic is clearly one's; otherwise None."""


@dataclass(frozen=True, slots=True)
class Thesaurus(Mapping[str, Concept]):
    """All concepts by id, in the order of the files."""

    concepts: Mapping[str, Concept]

    def __getitem__(self, concept_id: str) -> Concept:
        return self.concepts[concept_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self.concepts)

    def __len__(self) -> int:
        return len(self.concepts)

    def neighbours(self, concept_id: str) -> Mapping[str, str]:
        """Name the concepts around one, each with its nearest relation: `broader`, `narrower` or `related`."""
        concept = self.concepts[concept_id]
        found = dict.fromkeys(concept.related, "related")
        found |= {one.id: "related" for one in self.concepts.values() if concept_id in one.related}
        found |= {one.id: "narrower" for one in self.concepts.values() if concept_id in one.broader}
        return found | dict.fromkeys(concept.broader, "broader")

    def label(self, concept_id: str, language: str) -> str:
        """Return the name to show in `language`, else in English, else in German; KeyError for an unknown id."""
        labels = self.concepts[concept_id].labels
        for tag in (language, language.partition("-")[0], *_FALLBACKS):
            if labels.get(tag):
                return labels[tag][0]
        return concept_id


def load_thesaurus(folder: Path = DEFAULT_FOLDER) -> Thesaurus:
    """Read every `*.yaml` of `folder`; raises ThesaurusError for a malformed or repeated concept."""
    concepts: dict[str, Concept] = {}
    for path in sorted(folder.glob("*.yaml")):
        for entry in _read(path):
            concept = _concept(entry, path.name)
            if concept.id in concepts:
                raise ThesaurusError(f"{path.name}: concept {concept.id!r} is defined twice")
            concepts[concept.id] = concept
    return Thesaurus(MappingProxyType(concepts))


def _read(path: Path) -> list[Any]:
    """Parse a file with the C parser where there is one: a tenth of the time, and plain values only as well."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        entries = yaml.load(path.read_text("utf-8"), Loader=loader)  # noqa: S506 - both loaders are safe ones
    except yaml.YAMLError as problem:
        raise ThesaurusError(f"{path.name}: not YAML") from problem
    if not isinstance(entries, list):
        raise ThesaurusError(f"{path.name}: not a list of concepts")
    return entries


def _concept(entry: Any, file_name: str) -> Concept:
    try:
        return Concept(
            id=entry["id"],
            broader=tuple(entry.get("broader", ())),
            related=tuple(entry.get("related", ())),
            definition=entry["definition"],
            labels=_by_language(entry["labels"]),
            hidden=_by_language(entry.get("hidden", {})),
            audience=entry.get("audience"),
        )
    except (AttributeError, KeyError, TypeError) as problem:
        raise ThesaurusError(f"{file_name}: malformed concept {str(entry)[:60]!r}") from problem


def _by_language(entry: Mapping[str, list[str]]) -> LabelsByLanguage:
    # YAML 1.1 reads a bare `no` as false; str() keeps such a tag visible to `validate`.
    return MappingProxyType({str(language): tuple(map(str, labels)) for language, labels in entry.items()})
