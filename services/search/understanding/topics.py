"""Automatic topics of an offer, with how sure each is: what the text as a whole is most like (ADR 0018), and which
labels its title and clauses come near to.

Sure ones are shown; the others help to find an offer, but are never shown as its topics.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from services.search.understanding.linker import IndexedLabel, Link, Linker, Scores
from services.search.understanding.ngram_judge import NGramJudge
from services.search.understanding.placing import Placing

_CLAUSE_END = re.compile(r"[.;:!?,\n\r•|–—()]+")
_MOST_CLAUSES = 40
"""Enough for 2,000 characters of text; what stands later is rarely what an offer is about."""
_MOST_CHARACTERS = 400
_QUOTED = 0.9
"""What a label gets that stands word by word in title or text."""
_LIKELY, _TITLED = 0.5, 0.75
"""What is likely, the label apart, and stands in the title is what the offer is about, and shown as such (the latter is
offers.CLEAR_TOPIC). It gives 8 of the evaluation's 348 offers 9 topics more, which fit by their titles."""
_SHORTEST_QUOTE = 9
"""Letters; shorter labels ("Visum", "Kurs") are words a text uses in passing."""
_LEAST, _LEAST_SHARE = 0.35, 0.3
"""Below them, alone or beside the best topic, a likeness is chance (measured: .1 to .4 are near; less than .35 gave
topics to texts that say nothing)."""
_EVENNESS = 0.35
"""Power of a probability: what is second or third likely is often what the offer is about too (measured: .28 to .45 are
near)."""
_NEARNESS_SHARE = 0.2
"""What a label near to a clause counts beside what the whole is like (measured: .2 to .4 are near)."""
_LEAST_NEAR = 0.15
"""The least for nearness to labels alone."""
_MOST_TOPICS = 10

Opinion = tuple[NDArray[np.float64], NDArray[np.bool_]]
"""How probable each concept is, and which ones the judge knows; both in the order of the linker's concepts."""


class TopicFinder:
    """Finds what a text is like, labels quoted in it, and concepts that a title or a clause comes near to."""

    def __init__(
        self,
        linker: Linker,
        topics: Collection[str],
        words_of: Callable[[str], tuple[str, ...]],
        judge: NGramJudge | None = None,
    ) -> None:
        """Take the linker, which of its concepts may be topics, and what was learned of whole texts, if anything."""
        self._linker = linker
        self._words_of = words_of
        self._judge = judge
        self._placed = Placing(judge.concepts if judge else (), linker.concepts)
        self._place = {concept: place for place, concept in enumerate(linker.concepts)}
        self._is_topic = np.array([concept in topics for concept in linker.concepts])
        self._quotable: dict[tuple[str, ...], dict[str, IndexedLabel]] = {}
        """By its words, a label of each concept that has it."""
        for label in linker.labels:
            if label.concept_id in topics and sum(map(len, label.words)) >= _SHORTEST_QUOTE:
                self._quotable.setdefault(label.words, {}).setdefault(label.concept_id, label)
        self._longest = max(map(len, self._quotable), default=0)

    def find(self, title: str, text: str, opinion: Opinion | None = None, *, is_german: bool = True) -> list[Link]:
        """Return at most ten topics with their evidence, best first; equal ones by concept.

        `opinion` is what another judge says of the whole. The judge by n-grams is asked of German texts alone:
        of others it knows no word, or by chance only.
        """
        clauses = [self._words_of(clause[:_MOST_CHARACTERS]) for clause in _clauses(title, text)]
        near, labels = self._near(clauses)
        own = self._of_judge([word for clause in clauses for word in clause]) if is_german else None
        judges = [judge for judge in (own, opinion) if judge is not None and judge[0].any()]
        probable, judged = _together(judges, len(near))
        # A concept nobody learned, as of an enlarged thesaurus, keeps its own value.
        likely = probable**_EVENNESS
        values = np.where(judged, np.minimum(likely + _NEARNESS_SHARE * near, 1.0), near)
        titled = [self._place[label.concept_id] for label in self._quoted(self._words_of(title[:_MOST_CHARACTERS]))]
        values[titled] = np.where(likely[titled] >= _LIKELY, np.maximum(values[titled], _TITLED), values[titled])
        return self._best(values, np.where(judged, _LEAST, _LEAST_NEAR), labels)

    def _near(self, clauses: Sequence[tuple[str, ...]]) -> tuple[NDArray[np.float64], dict[int, IndexedLabel]]:
        """Say how near each concept's labels come to a clause, and which label does."""
        values = np.zeros(len(self._linker.concepts))
        labels: dict[int, IndexedLabel] = {}
        for words in clauses:
            self._take(values, labels, self._linker.scores(words))
            for label in self._quoted(words):
                place = self._place[label.concept_id]
                if values[place] < _QUOTED:
                    values[place], labels[place] = _QUOTED, label
        return values, labels

    def _of_judge(self, words: Sequence[str]) -> Opinion | None:
        if self._judge is None:
            return None
        return self._placed(self._judge.probabilities(words)), self._placed.known

    def _take(
        self,
        values: NDArray[np.float64],
        labels: dict[int, IndexedLabel],
        found: Scores,
    ) -> None:
        """Raise the values that are higher in this clause."""
        for place in np.flatnonzero((found.values > values) & (found.values >= _LEAST_NEAR)).tolist():
            values[place], labels[place] = found.values[place], self._linker.nearest(found, place)

    def _best(
        self, values: NDArray[np.float64], least: NDArray[np.float64], labels: dict[int, IndexedLabel]
    ) -> list[Link]:
        least = np.maximum(least, _LEAST_SHARE * float(values.max(initial=0.0)))
        # Concepts stand in the order of their ids, so a stable sort keeps equal ones in it.
        order = np.argsort(-values * self._is_topic, kind="stable")[:_MOST_TOPICS].tolist()
        return [
            Link(round(float(values[place]), 4), labels.get(place) or self._linker.name_of(place))
            for place in order
            if values[place] >= least[place] and self._is_topic[place]
        ]

    def _quoted(self, words: tuple[str, ...]) -> Iterator[IndexedLabel]:
        for length in range(1, self._longest + 1):
            for start in range(len(words) - length + 1):
                yield from self._quotable.get(words[start : start + length], {}).values()


def _together(judges: Sequence[Opinion], concepts: int) -> Opinion:
    """Give each concept the mean of the judges that know it, and say which ones any of them knows."""
    sums, knowing = np.zeros(concepts), np.zeros(concepts)
    for values, known in judges:
        sums += values
        knowing += known
    return sums / np.maximum(knowing, 1), knowing > 0


def _clauses(title: str, text: str) -> Iterator[str]:
    """Give the title as a whole, then each clause of the text."""
    if title.strip():
        yield title
    clauses = (clause for clause in _CLAUSE_END.split(text) if clause.strip())
    for clause, _ in zip(clauses, range(_MOST_CLAUSES), strict=False):
        yield clause
