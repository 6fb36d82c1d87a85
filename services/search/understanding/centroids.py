"""Judges an offer or a question by the middle of each concept's examples: a nearest-centroid classifier (Rocchio 1971).

Features are those of the linker. Where labels are short, examples are whole texts: what is typical of a concept
shows in their mean (ADR 0018).
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.search.understanding.ngrams import WORD, features
from services.search.understanding.telling import telling

_SHARPNESS = 30.0
"""What a cosine is multiplied by before the softmax (measured for offers: 22 to 45 are near)."""
_LEAST_USES = 2
"""Texts a feature must stand in; what one text alone has says nothing of others."""

_REMEMBERED_WORDS = 8_192
"""Of those that examples have; what else a caller types is never kept."""

Example = tuple[str, tuple[str, ...]]
"""Concept id and the folded words of a text about it."""

_ENTRY = np.dtype([("place", "<i4"), ("weight", "<f4")])
"""Of a feature: a concept, and the feature's number in its centroid (a vector of length 1) times what it weighs."""


@dataclass(frozen=True, slots=True)
class CentroidState:
    """All that was learned: plain arrays, so that it can be kept in a file."""

    concepts: Sequence[str]
    """Ids, sorted."""
    vocabulary: Sequence[str]
    """Features by number."""
    telling: NDArray[np.float64]
    """What each feature weighs: log(1 + concepts / perplexity of its uses), as in the linker (ADR 0017)."""
    pointers: NDArray[np.intp]
    """Where the entries of each feature begin, and the end of the last."""
    entries: NDArray[np.int64]
    """Each is one `_ENTRY`, packed, for numpy joins slices of numbers twice as fast as slices of records."""


class Centroids:
    """Says how probable each concept is for a text; immutable."""

    def __init__(self, state: CentroidState) -> None:
        self.state = state
        self._number = {feature: number for number, feature in enumerate(state.vocabulary)}
        self._remembered = lru_cache(maxsize=_REMEMBERED_WORDS)(self._columns_of)

    @property
    def concepts(self) -> Sequence[str]:
        """Ids in the order of `probabilities`."""
        return self.state.concepts

    def probabilities(self, words: Sequence[str]) -> NDArray[np.float64]:
        """Return how probable each concept is, in sum 1; all zero for words without a known feature."""
        state = self.state
        columns = list(dict.fromkeys(column for word in words for column in self._known_columns(word)))
        if not columns:
            return np.zeros(len(state.concepts))
        starts, ends = state.pointers[columns].tolist(), state.pointers[np.array(columns) + 1].tolist()
        joined = np.concatenate([state.entries[start:end] for start, end in zip(starts, ends, strict=True)])
        found = joined.view(_ENTRY)
        sums = np.bincount(found["place"], found["weight"], len(state.concepts))
        cosines = sums / np.linalg.norm(state.telling[columns])
        shares = np.exp(_SHARPNESS * (cosines - cosines.max()))
        return np.asarray(shares / shares.sum(), dtype=np.float64)

    def _known_columns(self, word: str) -> list[int]:
        return self._remembered(word) if WORD + word in self._number else self._columns_of(word)

    def _columns_of(self, word: str) -> list[int]:
        found = (self._number.get(feature) for feature, _ in features((word,)))
        return [column for column in found if column is not None]


def build_centroids(examples: Iterable[Example]) -> Centroids:
    """Learn from texts; takes some five seconds for 10,000."""
    ids, rows, columns, vocabulary = _entries(examples)
    concepts = tuple(sorted(set(ids)))
    place_of = {concept: place for place, concept in enumerate(concepts)}
    places = np.array([place_of[concept] for concept in ids], dtype=np.intp)
    cells, cell_of, uses = np.unique(columns * len(concepts) + places[rows], return_inverse=True, return_counts=True)
    column, place = (cells // len(concepts), cells % len(concepts)) if concepts else (cells, cells)
    tells = telling(column, uses, len(vocabulary), len(concepts))
    lengths = np.sqrt(np.bincount(rows, tells[columns] ** 2, len(ids)))
    sums = np.bincount(cell_of, tells[columns] / lengths[rows], len(cells))
    norms = np.sqrt(np.bincount(place, sums**2, len(concepts)))
    counts = np.bincount(column, minlength=len(vocabulary))
    entries = np.empty(len(cells), dtype=_ENTRY)
    entries["place"] = place
    entries["weight"] = tells[column] * sums / norms[place]
    return Centroids(
        CentroidState(
            concepts=concepts,
            vocabulary=vocabulary,
            telling=tells,
            pointers=np.concatenate(([0], np.cumsum(counts))).astype(np.intp),
            entries=entries.view(np.int64),
        )
    )


def _entries(examples: Iterable[Example]) -> tuple[list[str], NDArray[np.intp], NDArray[np.intp], list[str]]:
    """Return the examples' concepts, example and feature of every feature of every example, and the vocabulary."""
    said = [(concept, dict.fromkeys(feature for feature, _ in features(words))) for concept, words in examples]
    uses = Counter(feature for _, found in said for feature in found)
    number = {feature: place for place, feature in enumerate(f for f, count in uses.items() if count >= _LEAST_USES)}
    rows, columns = array("q"), array("q")
    for row, (_, found) in enumerate(said):
        known = [number[feature] for feature in found if feature in number]
        columns.extend(known)
        rows.extend([row] * len(known))
    return [concept for concept, _ in said], np.array(rows, np.intp), np.array(columns, np.intp), list(number)
