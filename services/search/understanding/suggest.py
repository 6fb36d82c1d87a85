"""Type-ahead over the thesaurus: what a person types in any script leads to concepts named in their language."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from services.search.thesaurus import Thesaurus
from services.search.understanding.model import LinkedConcept
from services.search.understanding.prefixes import PrefixTable, prefix_of

_FIRST_WORD, _LATER_WORD = 0.7, 0.4
_OWN_LANGUAGE, _NAME = 0.2, 0.1
_NOTHING: Mapping[str, str] = MappingProxyType({})
_REMEMBERED = 2_048
"""Answers kept: the first letters are typed again and again, and they are the ones with thousands of labels."""


@dataclass(frozen=True, slots=True)
class _Entry:
    concept_id: str
    language: str
    label: str
    length: int
    bonus: float
    """For the name of the concept, against what people also say."""


class Suggester:
    """Looks a prefix up in a sorted table of the words of every label; immutable after it is built."""

    def __init__(self, thesaurus: Thesaurus, folded: Mapping[str, str] = _NOTHING) -> None:
        """Build the table; `folded` gives labels whose folded words are known, by the label, so that it goes faster."""
        self._thesaurus = thesaurus
        self._table = PrefixTable(((entry.label, entry) for entry in _entries(thesaurus)), folded)
        self._narrower = Counter(broader for concept in thesaurus.values() for broader in concept.broader)
        self._ranked = lru_cache(maxsize=_REMEMBERED)(self._rank)

    def suggest(self, prefix: str, language: str, limit: int) -> tuple[LinkedConcept, ...]:
        """Return at most `limit` concepts, each once; the start of a label counts more than the start of a word."""
        wanted = prefix_of(prefix)
        if not wanted or limit <= 0:
            return ()
        return self._ranked(wanted, language.partition("-")[0].lower(), limit)

    def _rank(self, wanted: str, language: str, limit: int) -> tuple[LinkedConcept, ...]:
        best: dict[str, tuple[float, int, _Entry]] = {}
        for weight, entries in (
            (_FIRST_WORD, self._table.first_words(wanted)),
            (_LATER_WORD, self._table.later_words(wanted)),
        ):
            for entry in entries:
                score = weight + entry.bonus + (_OWN_LANGUAGE if entry.language == language else 0.0)
                known = best.get(entry.concept_id)
                if known is None or score > known[0] or (score == known[0] and entry.length < known[1]):
                    best[entry.concept_id] = (score, entry.length, entry)
        ranked = sorted(best.values(), key=self._place)
        return tuple(self._shown(round(weight, 2), entry, language) for weight, _, entry in ranked[:limit])

    def _place(self, found: tuple[float, int, _Entry]) -> tuple[float, int, int, str]:
        """Of equal ones the general concept first: few letters say little, and its narrower ones are near it."""
        score, length, entry = found
        return -round(score, 2), -self._narrower[entry.concept_id], length, entry.concept_id

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
                yield _Entry(concept.id, language, label, len(label), 0.0 if position else _NAME)
