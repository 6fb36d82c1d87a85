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
from services.search.understanding.telling import telling

_STOP_WEIGHT = 0.2
"""What a feature of a function word counts: "my boss does not pay me" lives off boss and pay."""
_UNSEEN_WEIGHT = 0.35
"""What a feature no label has counts against the query: enough to tell a foreign topic, little enough for chatter."""
_REMEMBERED_WORDS = 8_192
"""Of those that stand in labels, which come again and again; what else a caller types is never kept."""
_SPOKEN_WEIGHT = 0.3
"""What an utterance counts beside a label for how telling a feature is (measured: .1 to .3 are near, 1 finds less)."""
_LEAST_TELLING = 0.23
"""Share of what a feature of one concept alone tells; what tells less is left out: one feature in a hundred, such as
"en" at the end of a word. They have a fifth of all postings (measured: without them answers are the same but for
chance)."""
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


Spoken = tuple[str, tuple[str, ...]]
"""Concept id and the folded words of something people say when they mean it."""

POSTING = np.dtype([("row", "<i4"), ("weight", "<f4")])
"""What a feature adds to a row. Rows are labels first: its squared `telling`, less in a function word, divided by the
label's length. Then concepts: its squared `telling` times the share of the feature's labels that are the concept's."""


@dataclass(frozen=True, slots=True)
class LinkerState:
    """All a linker has worked out from its labels: plain arrays, so that it can be kept in a file."""

    vocabulary: Sequence[str]
    """Features by number."""
    starts: NDArray[np.intp]
    """First label of each concept."""
    telling: NDArray[np.float64]
    """What each feature weighs: little when it is said of many concepts alike, as "need" or "please" is, or nothing."""
    pointers: NDArray[np.intp]
    """Where the postings of each feature begin, and the end of the last."""
    postings: NDArray[np.int64]
    """Each is one `POSTING`, packed, for numpy joins slices of numbers twice as fast as slices of records."""


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
    nearness: tuple[NDArray[np.float64], ...]
    """How near each label is to each part of the text, in the order of `Linker.labels`: it tells which one to show."""


Columns = tuple[tuple[int, ...], tuple[str, ...]]
"""The columns of a word's features, and its features that no label has."""


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
        self._unseen = _UNSEEN_WEIGHT * math.log1p(len(self.concepts))

    def link(self, words: Sequence[str], most: int | None = None) -> list[Link]:
        """Return the concepts that share a feature with the folded `words`, best first, at most `most`."""
        return self.links(self.scores(words), most)

    def knows(self, word: str) -> bool:
        """Say whether a folded word stands in any label as it is."""
        return WORD + word in self._vocabulary

    def scores(self, words: Sequence[str], seen: dict[str, Columns] | None = None) -> Scores:
        """Return how near each concept is to the folded `words`; `seen` saves work among the parts of one text."""
        state = self.state
        full, stops, square = self._query(words, {} if seen is None else seen)
        if not (full or stops) or not square:
            return Scores(np.zeros(len(self.concepts)), ())
        sums = self._sums(full, stops)
        nearness = sums[: len(self.labels)]
        nearness /= math.sqrt(square)
        best = np.maximum.reduceat(nearness, state.starts)
        votes = sums[len(self.labels) :] / square
        values = _NEAREST_SHARE * np.minimum(best, 1.0) + (1 - _NEAREST_SHARE) * votes
        return Scores(np.minimum(values, 1.0), (nearness,))

    def name_of(self, place: int) -> IndexedLabel:
        """Return the first label of the concept at this place."""
        return self.labels[int(self.state.starts[place])]

    def nearest(self, scores: Scores, place: int) -> IndexedLabel:
        """Return the label of the concept at this place that is nearest, the first of equals."""
        start = int(self.state.starts[place])
        end = start + int(self._sizes[place])
        parts = [part[start:end] for part in scores.nearness]
        if not parts:
            return self.labels[start]
        return self.labels[start + int((parts[0] if len(parts) == 1 else np.max(parts, axis=0)).argmax())]

    def links(self, scores: Scores, most: int | None = None) -> list[Link]:
        """Return the concepts with a score, best first and equal ones by their ids, with the label nearest."""
        rounded = np.round(scores.values, 6)
        # Concepts stand in the order of their ids, so a stable sort keeps equal ones in it.
        order = np.argsort(-rounded, kind="stable")[: len(rounded) if most is None else most]
        return [Link(float(rounded[n]), self.nearest(scores, int(n))) for n in order if rounded[n] > 0.0]

    def _sums(self, full: Sequence[int], stops: Sequence[int]) -> NDArray[np.float64]:
        """Add up what the features weigh for each row; those of function words alone count less."""
        pointers, postings = self.state.pointers, self.state.postings
        columns = np.array([*full, *stops], dtype=np.intp)
        starts, ends = pointers[columns], pointers[columns + 1]
        spans = zip(starts.tolist(), ends.tolist(), strict=True)
        found = np.concatenate([postings[start:end] for start, end in spans]).view(POSTING)
        rows, weights = found["row"], found["weight"]
        weak = slice(int((ends - starts)[: len(full)].sum()), None)
        weights[weak] *= np.where(rows[weak] < len(self.labels), _STOP_WEIGHT, _STOP_WEIGHT**2)
        sums = np.bincount(rows, weights, minlength=len(self.labels) + len(self.concepts))
        return np.asarray(sums, dtype=np.float64)

    def _query(self, words: Sequence[str], seen: dict[str, Columns]) -> tuple[list[int], list[int], float]:
        """Return the known features, those of function words alone, and the squared length with unknown features.

        A feature that two words share counts once, as much as in the stronger one.
        """
        full: dict[int, None] = {}
        stops: dict[int, None] = {}
        unseen: dict[str, float] = {}
        for word in dict.fromkeys(words):
            is_stop = word in self._stop_words
            columns, strangers = self._known_columns(word, seen)
            (stops if is_stop else full).update(dict.fromkeys(columns))
            for feature in strangers:
                unseen[feature] = max(unseen.get(feature, 0.0), _STOP_WEIGHT if is_stop else 1.0)
        weak = [column for column in stops if column not in full]
        strong = list(full)
        full_weights, weak_weights = self.state.telling[strong], self.state.telling[weak]
        square = float(full_weights @ full_weights) + _STOP_WEIGHT**2 * float(weak_weights @ weak_weights)
        return strong, weak, square + self._unseen**2 * sum(strength**2 for strength in unseen.values())

    def _known_columns(self, word: str, seen: dict[str, Columns]) -> Columns:
        if self.knows(word):
            return self._remembered(word)
        if word not in seen:
            seen[word] = self._columns_of(word)
        return seen[word]

    def _columns_of(self, word: str) -> Columns:
        found = {feature: self._vocabulary.get(feature) for feature, _ in features((word,))}
        columns = tuple(column for column in found.values() if column is not None)
        return columns, tuple(feature for feature, column in found.items() if column is None)


def build_linker(labels: Iterable[IndexedLabel], stop_words: Collection[str], spoken: Iterable[Spoken] = ()) -> Linker:
    """Index the labels; those without words are left out. Takes some twenty seconds for 50,000 spellings.

    What people say is not compared with questions; it tells which words are said of any concept.
    """
    stop_words = frozenset(stop_words)
    kept = sorted_labels(labels)
    ids = [label.concept_id for label in kept]
    starts = np.array([n for n, concept in enumerate(ids) if not n or concept != ids[n - 1]], dtype=np.intp)
    vocabulary, rows, columns, strengths = _entries(kept, stop_words)
    counts = np.bincount(columns, minlength=len(vocabulary))
    concept_of = np.searchsorted(starts, np.arange(len(kept)), side="right") - 1
    voting, voted, labelled = _pairs(columns, concept_of[rows])
    shares = labelled / counts[voting]
    tells = _telling((voting, voted, labelled), _spoken_pairs(spoken, vocabulary, ids), len(vocabulary), len(starts))
    tells[tells < _LEAST_TELLING * math.log1p(len(starts))] = 0.0
    weights = strengths * tells[columns]
    lengths = np.sqrt(np.maximum(np.bincount(rows, weights=weights**2, minlength=len(kept)), 1e-9))
    features_of = np.concatenate((columns, voting))
    postings = np.empty(len(features_of), dtype=POSTING)
    postings["row"] = np.concatenate((rows, len(kept) + voted))
    postings["weight"] = np.concatenate((weights * tells[columns] / lengths[rows], shares * tells[voting] ** 2))
    telling_ones = tells[features_of] > 0.0
    features_of, postings = features_of[telling_ones], postings[telling_ones]
    state = LinkerState(
        vocabulary=vocabulary,
        starts=starts,
        telling=tells,
        pointers=np.concatenate(([0], np.cumsum(np.bincount(features_of, minlength=len(vocabulary))))),
        postings=postings[np.argsort(features_of, kind="stable")].view(np.int64),
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


Pairs = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]
"""Features, concepts they belong to, and how often."""


def _pairs(features_of: NDArray[np.intp], concepts: NDArray[np.intp]) -> Pairs:
    """Count every pair of a feature and a concept."""
    many = int(concepts.max(initial=0)) + 1
    cells, counts = np.unique(features_of * many + concepts, return_counts=True)
    return cells // many, cells % many, counts


def _spoken_pairs(spoken: Iterable[Spoken], vocabulary: Sequence[str], concept_ids: Iterable[str]) -> Pairs:
    """Count in which utterances of which concept each feature of the labels is said; unknown concepts are one more."""
    numbers = {feature: number for number, feature in enumerate(vocabulary)}
    places = {concept: place for place, concept in enumerate(dict.fromkeys(concept_ids))}
    known: dict[str, list[int]] = {}
    columns, concepts = array("q"), array("q")
    for concept, words in spoken:
        place = places.get(concept, len(places))
        for word in dict.fromkeys(words):
            if word not in known:
                known[word] = [numbers[feature] for feature, _ in features((word,)) if feature in numbers]
            columns.extend(known[word])
            concepts.extend([place] * len(known[word]))
    return _pairs(np.array(columns, dtype=np.intp), np.array(concepts, dtype=np.intp))


def _telling(labelled: Pairs, spoken: Pairs, vocabulary: int, concepts: int) -> NDArray[np.float64]:
    """Weigh features by their uses in labels and in what people say."""
    many = concepts + 1
    cells, place = np.unique(
        np.concatenate([feature * many + concept for feature, concept, _ in (labelled, spoken)]), return_inverse=True
    )
    uses = np.bincount(place, np.concatenate((labelled[2], _SPOKEN_WEIGHT * spoken[2])))
    return telling(cells // many, uses, vocabulary, concepts)
