"""Judges an offer's text by the middle of each concept's examples: a nearest-centroid classifier (Rocchio 1971).

Features are those of the linker. Where labels are short and of many languages, examples of offers are whole texts in
one: what is typical of a concept shows in their mean (ADR 0018).
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.search.understanding.ngrams import features
from services.search.understanding.telling import telling

_SHARPNESS = 30.0
"""What a cosine is multiplied by before the softmax (measured: 20 to 45 are near)."""
_LEAST_USES = 2
"""Texts a feature must stand in; what one text alone has says nothing of others."""

Example = tuple[str, tuple[str, ...]]
"""Concept id and the folded words of a text about it."""


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
    places: NDArray[np.int32]
    """Of each entry: place of a concept."""
    weights: NDArray[np.float32]
    """And the feature's number in that concept's centroid, a vector of length 1."""


class Centroids:
    """Says how probable each concept is for a text; immutable."""

    def __init__(self, state: CentroidState) -> None:
        self.state = state
        self._number = {feature: number for number, feature in enumerate(state.vocabulary)}

    @property
    def concepts(self) -> Sequence[str]:
        """Ids in the order of `probabilities`."""
        return self.state.concepts

    def probabilities(self, words: Sequence[str]) -> NDArray[np.float64]:
        """Return how probable each concept is, in sum 1; all zero for words without a known feature."""
        state = self.state
        columns = [self._number[feature] for feature in dict(features(words)) if feature in self._number]
        if not columns:
            return np.zeros(len(state.concepts))
        weights = state.telling[columns]
        starts, ends = state.pointers[columns], state.pointers[np.array(columns) + 1]
        entries = np.concatenate([np.arange(start, end) for start, end in zip(starts, ends, strict=True)])
        products = state.weights[entries] * np.repeat(weights, ends - starts)
        cosines = np.bincount(state.places[entries], products, len(state.concepts)) / np.linalg.norm(weights)
        shares = np.exp(_SHARPNESS * (cosines - cosines.max()))
        return np.asarray(shares / shares.sum(), dtype=np.float64)


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
    return Centroids(
        CentroidState(
            concepts=concepts,
            vocabulary=vocabulary,
            telling=tells,
            pointers=np.concatenate(([0], np.cumsum(counts))).astype(np.intp),
            places=place.astype(np.int32),
            weights=(sums / norms[place]).astype(np.float32),
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
