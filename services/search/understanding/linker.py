"""Links words to concepts by comparing them with every label of every language at once.

No language needs to be known for it. Deterministic: equal scores are ordered by concept and label.
"""

import math
from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.search.understanding.ngrams import features

_STOP_WEIGHT = 0.2
"""What a feature of a function word counts: "my boss does not pay me" lives off boss and pay."""
_UNSEEN_WEIGHT = 0.35
"""What a feature no label has counts against the query: enough to tell a foreign topic, little enough for chatter."""
_NEAREST_SHARE = 0.7
"""How much the nearest single label counts; the rest is the vote of all labels a long question touches in part."""


@dataclass(frozen=True, slots=True)
class IndexedLabel:
    """One label as it is compared and as it is shown."""

    concept_id: str
    words: tuple[str, ...]
    shown: str
    language: str


@dataclass(frozen=True, slots=True)
class Link:
    """A concept with its score (0 to 1) and the label nearest to the question."""

    score: float
    label: IndexedLabel


class Linker:
    """An immutable inverted index over label features; some 35 MB for 53 concepts in 14 languages."""

    def __init__(self, labels: Iterable[IndexedLabel], stop_words: Collection[str]) -> None:
        self._stop_words = frozenset(stop_words)
        # Sorted by concept, so that the maximum per concept is one reduceat over slices.
        self._labels = sorted((label for label in labels if label.words), key=lambda label: label.concept_id)
        ids = [label.concept_id for label in self._labels]
        self._starts = np.array([n for n, concept in enumerate(ids) if not n or concept != ids[n - 1]], dtype=np.intp)
        self._vocabulary: dict[str, int] = {}
        rows, columns, strengths = self._entries()
        counts = np.bincount(columns, minlength=len(self._vocabulary))
        spread = self._concept_counts(rows, columns)
        self._shares = spread / np.maximum(spread.sum(axis=1, keepdims=True), np.float32(1.0))
        # Rare among labels and rare among concepts: "work" is in many concepts, "kindergarten" in many labels of one.
        rareness = np.log1p(len(self._labels) / np.maximum(counts, 1))
        concept_rareness = np.log1p(len(self._starts) / np.maximum((spread > 0).sum(axis=1), 1))
        self._idf = np.sqrt(rareness * concept_rareness)
        self._unseen = _UNSEEN_WEIGHT * math.sqrt(math.log1p(len(self._labels)) * math.log1p(len(self._starts)))
        weights = strengths * self._idf[columns]
        order = np.argsort(columns, kind="stable")
        self._pointers = np.concatenate(([0], np.cumsum(counts)))
        self._posting_rows, self._posting_weights = rows[order], weights[order]
        self._label_squares = np.bincount(rows, weights=weights**2, minlength=len(self._labels))

    def _entries(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
        """Return label, feature and strength of every feature of every label; fills the vocabulary."""
        rows, columns, strengths = array("q"), array("q"), array("d")
        for row, label in enumerate(self._labels):
            for feature, strength in self._strengths(label.words).items():
                rows.append(row)
                columns.append(self._vocabulary.setdefault(feature, len(self._vocabulary)))
                strengths.append(strength)
        return np.array(rows, dtype=np.intp), np.array(columns, dtype=np.intp), np.array(strengths, dtype=np.float64)

    def _concept_counts(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return, per feature (line) and concept (column), how many of the concept's labels have the feature."""
        concept_of = np.searchsorted(self._starts, np.arange(len(self._labels)), side="right") - 1
        shape = (len(self._vocabulary), len(self._starts))
        cells = columns * shape[1] + concept_of[rows] if len(rows) else np.zeros(0, dtype=np.intp)
        return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float32)

    def _strengths(self, words: Sequence[str]) -> dict[str, float]:
        strengths: dict[str, float] = {}
        for feature, word in features(words):
            strength = _STOP_WEIGHT if word in self._stop_words else 1.0
            strengths[feature] = max(strength, strengths.get(feature, 0.0))
        return strengths

    def link(self, words: Sequence[str]) -> list[Link]:
        """Return every concept that shares a feature with the folded `words`, best first."""
        columns, weights, square = self._query(words)
        if not len(columns):
            return []
        nearness = self._overlaps(columns, weights) / np.sqrt(self._label_squares * square + 1e-9)
        votes = (weights**2) @ self._shares[columns] / square
        return self._ranked(np.minimum(nearness, 1.0), votes)

    def _query(self, words: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.float64], float]:
        """Return the known features, their weights, and the squared length of the query with its unknown features."""
        columns: list[int] = []
        weights: list[float] = []
        square = 0.0
        for feature, strength in self._strengths(words).items():
            column = self._vocabulary.get(feature)
            if column is None:
                square += (self._unseen * strength) ** 2
            else:
                columns.append(column)
                weights.append(strength * float(self._idf[column]))
        square += sum(weight**2 for weight in weights)
        return np.array(columns, dtype=np.intp), np.array(weights), square

    def _overlaps(self, columns: NDArray[np.intp], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum the products of shared features per label."""
        starts, ends = self._pointers[columns], self._pointers[columns + 1]
        spans = list(zip(starts.tolist(), ends.tolist(), strict=True))
        rows = np.concatenate([self._posting_rows[start:end] for start, end in spans])
        strengths = np.concatenate([self._posting_weights[start:end] for start, end in spans])
        products = strengths * np.repeat(weights, ends - starts)
        return np.bincount(rows, weights=products, minlength=len(self._labels)).astype(np.float64)

    def _ranked(self, nearness: NDArray[np.float64], votes: NDArray[np.float64]) -> list[Link]:
        ends = np.append(self._starts[1:], len(self._labels))
        links = []
        for concept, (start, end) in enumerate(zip(self._starts.tolist(), ends.tolist(), strict=True)):
            best = start + int(nearness[start:end].argmax())
            score = _NEAREST_SHARE * float(nearness[best]) + (1 - _NEAREST_SHARE) * float(votes[concept])
            if score > 0.0:
                links.append(Link(round(min(score, 1.0), 6), self._labels[best]))
        return sorted(links, key=lambda link: (-link.score, link.label.concept_id))
