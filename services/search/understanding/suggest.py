"""Type-ahead over the thesaurus: what a person types in any script leads to concepts named in their language."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.search.thesaurus import Thesaurus
from services.search.understanding.fold import fold, tokens_of
from services.search.understanding.model import LinkedConcept

_MOST_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class _Entry:
    concept_id: str
    language: str
    label: str
    folded: str
    is_name: bool


class Suggester:
    """Looks a prefix up in every label; a few thousand labels need no tree."""

    def __init__(self, thesaurus: Thesaurus) -> None:
        self._thesaurus = thesaurus
        self._entries = tuple(_entries(thesaurus))

    def suggest(self, prefix: str, language: str, limit: int) -> tuple[LinkedConcept, ...]:
        """Return at most `limit` concepts, each once; the start of a label counts more than the start of a word."""
        wanted = " ".join(tokens_of(fold(prefix[:_MOST_CHARACTERS])))
        if not wanted or limit <= 0:
            return ()
        primary = language.partition("-")[0].lower()
        best: dict[str, tuple[float, _Entry]] = {}
        for entry in self._entries:
            weight = _weight(entry, wanted, primary)
            if weight > best.get(entry.concept_id, (0.0, entry))[0]:
                best[entry.concept_id] = (weight, entry)
        ranked = sorted(best.values(), key=lambda pair: (-pair[0], len(pair[1].folded), pair[1].concept_id))
        return tuple(self._shown(weight, entry, primary) for weight, entry in ranked[:limit])

    def _shown(self, weight: float, entry: _Entry, language: str) -> LinkedConcept:
        """Show the matched label if it is in the wanted language, else the concept's name in it, else the match."""
        labels = self._thesaurus[entry.concept_id].labels
        if entry.language == language or language not in labels:
            return LinkedConcept(entry.concept_id, weight, entry.label, entry.language)
        return LinkedConcept(entry.concept_id, weight, labels[language][0], language)


def _entries(thesaurus: Thesaurus) -> Iterator[_Entry]:
    for concept in thesaurus.values():
        for language, labels in concept.labels.items():
            for position, label in enumerate(labels):
                folded = " ".join(tokens_of(fold(label)))
                yield _Entry(concept.id, language, label, folded, is_name=position == 0)


def _weight(entry: _Entry, wanted: str, language: str) -> float:
    if entry.folded.startswith(wanted):
        weight = 0.7
    elif f" {wanted}" in entry.folded:
        weight = 0.4
    else:
        return 0.0
    weight += 0.2 if entry.language == language else 0.0
    return round(weight + (0.1 if entry.is_name else 0.0), 2)
