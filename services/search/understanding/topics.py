"""Automatic topics of an offer: what its title and each clause of its text come near to, with how sure that is.

Sure ones are labels that are quoted or nearly so; the others help to find an offer, but are never shown as its topics.
"""

import re
from collections.abc import Callable, Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from services.search.understanding.linker import IndexedLabel, Link, Linker, Scores

_CLAUSE_END = re.compile(r"[.;:!?,\n\r•|–—()]+")
_MOST_CLAUSES = 40
"""Enough for 2,000 characters of text; what stands later is rarely what an offer is about."""
_MOST_CHARACTERS = 400
_QUOTED = 0.9
"""What a label gets that stands word by word in title or text."""
_SHORTEST_QUOTE = 9
"""Letters; shorter labels ("Visum", "Kurs") are words a text uses in passing."""
_LEAST, _LEAST_SHARE = 0.15, 0.3
"""Below them, alone or beside the best topic, a likeness is chance (measured on the development questions)."""
_TOGETHER = 0.85
"""What our own opinion counts where another judge has one too."""
_MOST_TOPICS = 10


class TopicFinder:
    """Finds labels quoted in a text, and concepts that a title or a clause comes near to."""

    def __init__(self, linker: Linker, topics: Collection[str], words_of: Callable[[str], tuple[str, ...]]) -> None:
        """Take the linker, and which of its concepts may be topics."""
        self._linker = linker
        self._words_of = words_of
        self._place = {concept: place for place, concept in enumerate(linker.concepts)}
        self._is_topic = np.array([concept in topics for concept in linker.concepts])
        self._quotable: dict[tuple[str, ...], IndexedLabel] = {}
        for label in linker.labels:
            if label.concept_id in topics and sum(map(len, label.words)) >= _SHORTEST_QUOTE:
                self._quotable.setdefault(label.words, label)
        self._longest = max(map(len, self._quotable), default=0)

    def find(self, title: str, text: str, likeness: NDArray[np.float64] | None = None) -> list[Link]:
        """Return at most ten topics with their evidence, best first; equal ones by concept.

        `likeness` is what another judge of the title says, 0 to 1 in the order of the linker's concepts.
        """
        values = np.zeros(len(self._linker.concepts))
        labels: dict[int, IndexedLabel] = {}
        for clause in _clauses(title, text):
            words = self._words_of(clause[:_MOST_CHARACTERS])
            scores = self._linker.scores(words)
            self._take(values, labels, scores)
            for label in self._quoted(words):
                place = self._place[label.concept_id]
                if values[place] < _QUOTED:
                    values[place], labels[place] = _QUOTED, label
        if likeness is not None:
            values = np.maximum(values, np.minimum(_TOGETHER * values + likeness, 1.0))
        return self._best(values, labels)

    def _take(
        self,
        values: NDArray[np.float64],
        labels: dict[int, IndexedLabel],
        found: Scores,
    ) -> None:
        """Raise the values that are higher in this clause."""
        for place in np.flatnonzero((found.values > values) & (found.values >= _LEAST)).tolist():
            values[place], labels[place] = found.values[place], self._linker.nearest(found, place)

    def _best(self, values: NDArray[np.float64], labels: dict[int, IndexedLabel]) -> list[Link]:
        least = max(_LEAST, _LEAST_SHARE * float(values.max(initial=0.0)))
        # Concepts stand in the order of their ids, so a stable sort keeps equal ones in it.
        order = np.argsort(-values * self._is_topic, kind="stable")[:_MOST_TOPICS].tolist()
        return [
            Link(round(float(values[place]), 4), labels.get(place) or self._linker.name_of(place))
            for place in order
            if values[place] >= least and self._is_topic[place]
        ]

    def _quoted(self, words: tuple[str, ...]) -> Iterator[IndexedLabel]:
        for length in range(1, self._longest + 1):
            for start in range(len(words) - length + 1):
                label = self._quotable.get(words[start : start + length])
                if label is not None:
                    yield label


def _clauses(title: str, text: str) -> Iterator[str]:
    """Give the title as a whole, then each clause of the text."""
    if title.strip():
        yield title
    clauses = (clause for clause in _CLAUSE_END.split(text) if clause.strip())
    for clause, _ in zip(clauses, range(_MOST_CLAUSES), strict=False):
        yield clause
