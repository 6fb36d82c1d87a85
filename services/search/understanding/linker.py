"""Links words to concepts by comparing them with every label of every language at once.

No language needs to be known for it. Deterministic: equal scores are ordered by concept and label.
"""

import math
from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.search.understanding.ngrams import WORD, features

_STOP_WEIGHT = 0.2
"""What a feature of a function word counts: "my boss does not pay me" lives off boss and pay."""
_UNSEEN_WEIGHT = 0.35
"""What a feature no label has counts against the query: enough to tell a foreign topic, little enough for chatter."""
_REMEMBERED_WORDS = 8_192
"""Of those that stand in labels, which come again and again; what else a caller types is never kept."""
_NEAREST_SHARE = 0.7
"""How much the nearest single label counts; the rest is the vote of all labels a long question touches in part."""


@dataclass(frozen=True, slots=True)
class IndexedLabel:
    """One label as it is compared and as it is shown."""

    concept_id: str
    words: tuple[str, ...]
    shown: str
    language: str
    folded: str = ""
    """All its words with single spaces, places and language names too."""


@dataclass(frozen=True, slots=True)
class LinkerState:
    """All a linker has worked out from its labels: plain arrays, so that it can be kept in a file."""

    vocabulary: Sequence[str]
    """Features by number."""
    starts: NDArray[np.intp]
    """First label of each concept."""
    idf: NDArray[np.float64]
    label_scale: NDArray[np.float64]
    """1 / length of each label."""
    pointers: NDArray[np.intp]
    posting_rows: NDArray[np.int32]
    posting_weights: NDArray[np.float32]
    vote_pointers: NDArray[np.intp]
    voted: NDArray[np.int32]
    shares: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Link:
    """A concept with its score (0 to 1) and the label nearest to the question."""

    score: float
    label: IndexedLabel


@dataclass(frozen=True, slots=True)
class Scores:
    """How near each concept is to a text, in the order of `Linker.concepts`."""

    values: NDArray[np.float64]
    """0 to 1."""
    nearness: NDArray[np.float64]
    """How near each label is, in the order of `Linker.labels`: it tells which one to show."""


class Linker:
    """An inverted index over label features; what it remembers of words changes no answer."""

    def __init__(self, labels: Sequence[IndexedLabel], stop_words: Collection[str], state: LinkerState) -> None:
        """Take what `build_linker` or a file gave; `labels` in the order of `sorted_labels`."""
        self.labels = labels
        self.state = state
        self._stop_words = frozenset(stop_words)
        self.concepts = tuple(dict.fromkeys(label.concept_id for label in labels))
        """Ids, sorted."""
        self._sizes = np.diff(np.append(state.starts, len(labels)))
        self._vocabulary = {feature: number for number, feature in enumerate(state.vocabulary)}
        self._remembered = lru_cache(maxsize=_REMEMBERED_WORDS)(self._columns_of)
        self._unseen = _UNSEEN_WEIGHT * math.sqrt(math.log1p(len(labels)) * math.log1p(len(self.concepts)))

    def link(self, words: Sequence[str], most: int | None = None) -> list[Link]:
        """Return the concepts that share a feature with the folded `words`, best first, at most `most`."""
        return self.links(self.scores(words), most)

    def knows(self, word: str) -> bool:
        """Say whether a folded word stands in any label as it is."""
        return WORD + word in self._vocabulary

    def scores(self, words: Sequence[str]) -> Scores:
        """Return how near each concept is to the folded `words`."""
        state = self.state
        columns, weights, square = self._query(words)
        if not len(columns):
            return Scores(np.zeros(len(self.concepts)), np.zeros(len(self.labels)))
        overlaps = _gathered(columns, weights, state.pointers, state.posting_rows, state.posting_weights)
        products = np.bincount(*overlaps, minlength=len(self.labels))
        nearness = products * state.label_scale
        nearness /= math.sqrt(square)
        best = np.maximum.reduceat(nearness, state.starts)
        shares = _gathered(columns, weights**2, state.vote_pointers, state.voted, state.shares)
        votes = np.bincount(*shares, minlength=len(state.starts)) / square
        values = _NEAREST_SHARE * np.minimum(best, 1.0) + (1 - _NEAREST_SHARE) * votes
        return Scores(np.minimum(values, 1.0), nearness)

    def name_of(self, place: int) -> IndexedLabel:
        """Return the first label of the concept at this place."""
        return self.labels[int(self.state.starts[place])]

    def nearest(self, scores: Scores, place: int) -> IndexedLabel:
        """Return the label of the concept at this place that is nearest, the first of equals."""
        start = int(self.state.starts[place])
        return self.labels[start + int(scores.nearness[start : start + int(self._sizes[place])].argmax())]

    def links(self, scores: Scores, most: int | None = None) -> list[Link]:
        """Return the concepts with a score, best first and equal ones by their ids, with the label nearest."""
        rounded = np.round(scores.values, 6)
        # Concepts stand in the order of their ids, so a stable sort keeps equal ones in it.
        order = np.argsort(-rounded, kind="stable")[: len(rounded) if most is None else most]
        return [Link(float(rounded[n]), self.nearest(scores, int(n))) for n in order if rounded[n] > 0.0]

    def _query(self, words: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.float64], float]:
        """Return the known features, their weights, and the squared length of the query with its unknown features."""
        known: dict[int, float] = {}
        unseen: dict[str, float] = {}
        for word in dict.fromkeys(words):
            strength = _STOP_WEIGHT if word in self._stop_words else 1.0
            columns, strangers = self._remembered(word) if self.knows(word) else self._columns_of(word)
            # A feature that two words share counts once, as much as in the stronger one.
            for column in columns:
                if known.get(column, 0.0) < strength:
                    known[column] = strength
            for feature in strangers:
                if unseen.get(feature, 0.0) < strength:
                    unseen[feature] = strength
        places = np.fromiter(known, dtype=np.intp, count=len(known))
        weights = np.fromiter(known.values(), dtype=np.float64, count=len(known)) * self.state.idf[places]
        square = float(weights @ weights) + sum((self._unseen * strength) ** 2 for strength in unseen.values())
        return places, weights, square

    def _columns_of(self, word: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Return the columns of a word's features, and the features that no label has."""
        found = {feature: self._vocabulary.get(feature) for feature, _ in features((word,))}
        columns = tuple(column for column in found.values() if column is not None)
        return columns, tuple(feature for feature, column in found.items() if column is None)


def build_linker(labels: Iterable[IndexedLabel], stop_words: Collection[str]) -> Linker:
    """Index the labels; those without words are left out. Takes seconds for 30,000 labels."""
    stop_words = frozenset(stop_words)
    kept = sorted_labels(labels)
    ids = [label.concept_id for label in kept]
    starts = np.array([n for n, concept in enumerate(ids) if not n or concept != ids[n - 1]], dtype=np.intp)
    vocabulary, rows, columns, strengths = _entries(kept, stop_words)
    counts = np.bincount(columns, minlength=len(vocabulary))
    concept_of = np.searchsorted(starts, np.arange(len(kept)), side="right") - 1
    vote_pointers, voted, shares = _votes(columns, concept_of[rows], max(len(starts), 1), len(vocabulary))
    # Rare among labels and rare among concepts: "work" is in many concepts, "kindergarten" in many labels of one.
    rareness = np.log1p(len(kept) / np.maximum(counts, 1))
    concept_rareness = np.log1p(len(starts) / np.maximum(np.diff(vote_pointers), 1))
    idf = np.sqrt(rareness * concept_rareness)
    weights = strengths * idf[columns]
    order = np.argsort(columns, kind="stable")
    squares = np.bincount(rows, weights=weights**2, minlength=len(kept))
    state = LinkerState(
        vocabulary=vocabulary,
        starts=starts,
        idf=idf,
        label_scale=1.0 / np.sqrt(np.maximum(squares, 1e-9)),
        pointers=np.concatenate(([0], np.cumsum(counts))),
        posting_rows=rows[order].astype(np.int32),
        posting_weights=weights[order].astype(np.float32),
        vote_pointers=vote_pointers,
        voted=voted,
        shares=shares,
    )
    return Linker(kept, stop_words, state)


def sorted_labels(labels: Iterable[IndexedLabel]) -> list[IndexedLabel]:
    """Order labels by concept, so that the maximum per concept is one reduceat over slices; drop wordless ones."""
    return sorted((label for label in labels if label.words), key=lambda label: label.concept_id)


def _entries(
    labels: Sequence[IndexedLabel], stop_words: frozenset[str]
) -> tuple[list[str], NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return the vocabulary, and label, feature and strength of every feature of every label."""
    numbers: dict[str, int] = {}
    known: dict[str, list[int]] = {}
    sizes, columns, strengths = array("q"), array("q"), array("d")
    for label in labels:
        own: dict[int, float] = {}
        for word in label.words:
            found = known.get(word)
            if found is None:
                found = [numbers.setdefault(feature, len(numbers)) for feature, _ in features((word,))]
                known[word] = found
            strength = _STOP_WEIGHT if word in stop_words else 1.0
            for column in found:
                if own.get(column, 0.0) < strength:
                    own[column] = strength
        sizes.append(len(own))
        columns.extend(own)
        strengths.extend(own.values())
    rows = np.repeat(np.arange(len(labels)), np.array(sizes, dtype=np.intp))
    return list(numbers), rows, np.array(columns, dtype=np.intp), np.array(strengths, dtype=np.float64)


def _votes(
    columns: NDArray[np.intp], concepts: NDArray[np.intp], many: int, vocabulary: int
) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.float32]]:
    """Return per feature its concepts and which share of its labels each has: pointers, concepts, shares."""
    cells, counts = np.unique(columns * many + concepts, return_counts=True)
    feature, concept = cells // many, cells % many
    totals = np.bincount(feature, weights=counts, minlength=vocabulary)
    pointers = np.concatenate(([0], np.cumsum(np.bincount(feature, minlength=vocabulary))))
    return pointers, concept.astype(np.int32), (counts / totals[feature]).astype(np.float32)


def _gathered(
    columns: NDArray[np.intp],
    weights: NDArray[np.float64],
    pointers: NDArray[np.intp],
    targets: NDArray[np.int32],
    values: NDArray[np.float32],
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return all targets of the features in `columns`, and value times the feature's weight for each."""
    starts, ends = pointers[columns], pointers[columns + 1]
    spans = list(zip(starts.tolist(), ends.tolist(), strict=True))
    hit = np.concatenate([targets[start:end] for start, end in spans])
    strength = np.concatenate([values[start:end] for start, end in spans])
    return hit, strength * np.repeat(weights, ends - starts)
