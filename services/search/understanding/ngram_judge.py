"""Judges a text by its n-grams: each adds what it weighs to the concepts it speaks for or against.

The weights are learned beforehand: of offers by centroids (ADR 0018), of questions by a regression (ADR 0020).
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.search.understanding.ngrams import WORD, features

_REMEMBERED_WORDS = 8_192
"""Of those that examples have; what else a caller types is never kept."""
_LEAST_USES = 2
"""Texts a feature must stand in; what one text alone has says nothing of others."""

Example = tuple[str, tuple[str, ...]]
"""Concept id and the folded words of a text about it."""

ENTRY = np.dtype([("place", "<i4"), ("weight", "<f4")])
"""Of a feature: a concept, and what the feature adds to it in a text whose features have length 1 in all."""


@dataclass(frozen=True, slots=True)
class JudgeState:
    """All that was learned: plain arrays, so that it can be kept in a file."""

    concepts: Sequence[str]
    """Ids, sorted."""
    vocabulary: Sequence[str]
    """Features by number."""
    telling: NDArray[np.float64]
    """What each feature counts in the length of a text (`telling.telling`)."""
    pointers: NDArray[np.intp]
    """Where the entries of each feature begin, and the end of the last."""
    entries: NDArray[np.int64]
    """Each is one `ENTRY`, packed, for numpy joins slices of numbers twice as fast as slices of records."""


class NGramJudge:
    """Says how probable each concept is for a text; immutable."""

    def __init__(self, state: JudgeState) -> None:
        self.state = state
        self._number = {feature: number for number, feature in enumerate(state.vocabulary)}
        self._remembered = lru_cache(maxsize=_REMEMBERED_WORDS)(self._columns_of)

    @property
    def concepts(self) -> Sequence[str]:
        """Ids in the order of `probabilities`."""
        return self.state.concepts

    def probabilities(self, words: Sequence[str]) -> NDArray[np.float64]:
        """Return how probable each concept is, in sum 1; all zero for words without a feature that weighs anything."""
        state = self.state
        columns = list(dict.fromkeys(column for word in words for column in self._known_columns(word)))
        if not columns:
            return np.zeros(len(state.concepts))
        starts, ends = state.pointers[columns].tolist(), state.pointers[np.array(columns) + 1].tolist()
        joined = np.concatenate([state.entries[start:end] for start, end in zip(starts, ends, strict=True)])
        if not len(joined):
            return np.zeros(len(state.concepts))
        found = joined.view(ENTRY)
        sums = np.bincount(found["place"], found["weight"], len(state.concepts))
        logits = sums / np.linalg.norm(state.telling[columns])
        shares = np.exp(logits - logits.max())
        return np.asarray(shares / shares.sum(), dtype=np.float64)

    def _known_columns(self, word: str) -> list[int]:
        return self._remembered(word) if WORD + word in self._number else self._columns_of(word)

    def _columns_of(self, word: str) -> list[int]:
        found = (self._number.get(feature) for feature, _ in features((word,)))
        return [column for column in found if column is not None]


@dataclass(frozen=True, slots=True)
class Counted:
    """Examples taken apart; row by row."""

    concepts: tuple[str, ...]
    """Ids, sorted."""
    places: NDArray[np.intp]
    """The concept of each example."""
    vocabulary: list[str]
    rows: NDArray[np.intp]
    """The example of every feature of every example, in ascending order."""
    columns: NDArray[np.intp]
    """The feature itself."""


def counted(examples: Iterable[Example]) -> Counted:
    """Take examples apart into features; those that only one has are left out."""
    numbers: dict[str, int] = {}
    known: dict[str, array[int]] = {}
    ids: list[str] = []
    sizes, columns = array("i"), array("i")
    for concept, words in examples:
        own: dict[int, None] = {}
        for word in words:
            if word not in known:
                found = (numbers.setdefault(feature, len(numbers)) for feature, _ in features((word,)))
                known[word] = array("i", found)
            own.update(dict.fromkeys(known[word]))
        ids.append(concept)
        sizes.append(len(own))
        columns.extend(own)
    concepts = tuple(sorted(set(ids)))
    place_of = {concept: place for place, concept in enumerate(concepts)}
    rows, all_columns = np.repeat(np.arange(len(ids)), np.array(sizes)), np.array(columns, dtype=np.intp)
    is_kept = np.bincount(all_columns, minlength=len(numbers)) >= _LEAST_USES
    kept = is_kept[all_columns]
    return Counted(
        concepts=concepts,
        places=np.array([place_of[concept] for concept in ids], dtype=np.intp),
        vocabulary=[feature for feature, is_one in zip(numbers, is_kept.tolist(), strict=True) if is_one],
        rows=rows[kept],
        columns=(np.cumsum(is_kept) - 1)[all_columns[kept]],
    )


def judge_of(
    found: Counted,
    tells: NDArray[np.float64],
    columns: NDArray[np.intp],
    places: NDArray[np.intp],
    weights: NDArray[np.floating],
) -> NGramJudge:
    """Put together what was learned: of features (in ascending order) and concepts, what one adds to the other."""
    entries = np.empty(len(places), dtype=ENTRY)
    entries["place"], entries["weight"] = places, tells[columns] * weights
    counts = np.bincount(columns, minlength=len(found.vocabulary))
    return NGramJudge(
        JudgeState(
            concepts=found.concepts,
            vocabulary=found.vocabulary,
            telling=tells,
            pointers=np.concatenate(([0], np.cumsum(counts))).astype(np.intp),
            entries=entries.view(np.int64),
        )
    )
