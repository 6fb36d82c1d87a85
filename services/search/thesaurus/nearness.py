"""Finds labels of unrelated concepts that the linker can hardly tell apart, by the linker's own n-grams.

Every pair at or above the threshold is found, whatever the languages: the linker compares across all of them too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.search.thesaurus.checks import are_close
from services.search.thesaurus.loader import Thesaurus
from services.search.thesaurus.wording import function_words
from services.search.understanding.fold import fold, tokens_of
from services.search.understanding.ngrams import features

NEAR = 0.8
"""Cosine from which two labels count as near: most of their rare n-grams are the same."""
_FUNCTION_WORD_WEIGHT = 0.2
"""As in the linker: a function word in common hardly makes two labels alike."""
_SMALLEST_PRODUCT = 1e-6
_Rows = NDArray[np.intp]
_Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OwnedLabel:
    """One label, hidden ones too, with its concept and language."""

    concept: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two labels of unrelated concepts with their cosine: 1 is the same n-grams, perhaps in another order."""

    nearness: float
    first: OwnedLabel
    second: OwnedLabel


def near_labels(thesaurus: Thesaurus, least: float = NEAR) -> list[NearPair]:
    """Return all such pairs, the nearest first, the label earlier in the files first; `least` is above 0, up to 1."""
    vectors = _Vectors(list(_owned_labels(thesaurus)))
    ids = list(thesaurus)
    number = {concept: place for place, concept in enumerate(ids)}
    close = np.array([[one == other or are_close(one, other, thesaurus) for other in ids] for one in ids])
    concept_of = np.array([number[label.concept] for label in vectors.labels], dtype=np.intp)
    pairs = []
    for row, others in vectors.candidates(least):
        strangers = others[~close[concept_of[row], concept_of[others]]]
        if len(strangers):
            products = vectors.products(row, strangers)
            for other, product in zip(strangers.tolist(), products.tolist(), strict=True):
                if product >= least - _SMALLEST_PRODUCT:
                    pairs.append(NearPair(round(product, 3), vectors.labels[other], vectors.labels[row]))
    return sorted(pairs, key=lambda pair: -pair.nearness)


def _owned_labels(thesaurus: Thesaurus) -> Iterator[OwnedLabel]:
    for concept in thesaurus.values():
        for by_language in (concept.labels, concept.hidden):
            for language, labels in by_language.items():
                for text in labels:
                    yield OwnedLabel(concept.id, language, text)


class _Vectors:
    """Labels as unit vectors of their n-grams, the rarest n-gram first."""

    def __init__(self, labels: list[OwnedLabel]) -> None:
        self.labels = labels
        rows = _numbered_features(labels)
        counts = np.bincount(np.concatenate([numbers for numbers, _ in rows])) if rows else np.zeros(0)
        self._spread = np.zeros(len(counts))
        """One row written out, and wiped again after use: a new array for each would cost more than all the rest."""
        idf = np.log1p(len(labels) / np.maximum(counts, 1))
        column_of = np.empty(len(counts), dtype=np.intp)
        column_of[np.argsort(counts, kind="stable")] = np.arange(len(counts))
        self._columns: list[_Rows] = []
        self._weights: list[_Weights] = []
        for numbers, strengths in rows:
            columns, weights = column_of[numbers], idf[numbers] * strengths
            order = np.argsort(columns)
            self._columns.append(columns[order])
            self._weights.append(weights[order] / max(float(np.linalg.norm(weights)), _SMALLEST_PRODUCT))

    def candidates(self, least: float) -> Iterator[tuple[int, _Rows]]:
        """Yield each row with the rows before it that may be as near as `least`; none that is gets lost.

        Two vectors that share nothing in the rare part of one are at most as near as the length of its rest, so
        it is enough to look at the part before the rest falls below `least`.
        """
        rare = [columns[: _rare_part(w, least)] for columns, w in zip(self._columns, self._weights, strict=True)]
        seen: dict[int, list[int]] = {}
        for row, columns in enumerate(rare):
            found: set[int] = set()
            for column in columns.tolist():
                holders = seen.setdefault(column, [])
                found.update(holders)
                holders.append(row)
            yield row, np.array(sorted(found), dtype=np.intp)

    def products(self, row: int, others: _Rows) -> _Weights:
        """Return the cosine of `row` with each of `others`."""
        self._spread[self._columns[row]] = self._weights[row]
        lengths = [len(self._columns[other]) for other in others]
        columns = np.concatenate([self._columns[other] for other in others])
        weights = np.concatenate([self._weights[other] for other in others])
        places = np.repeat(np.arange(len(others)), lengths)
        shared = self._spread[columns] * weights
        self._spread[self._columns[row]] = 0.0
        return np.bincount(places, weights=shared, minlength=len(others)).astype(np.float64)


def _rare_part(weights: _Weights, least: float) -> int:
    """Return how many of the first weights leave a rest shorter than `least`."""
    rest = np.cumsum(weights[::-1] ** 2)[::-1]
    return int(np.count_nonzero(rest >= least**2 - _SMALLEST_PRODUCT))


def _numbered_features(labels: list[OwnedLabel]) -> list[tuple[_Rows, _Weights]]:
    """Return per label the numbers of its features, each once, with 1 or less when only function words have it."""
    stop_words = {token for words in function_words().values() for word in words for token in tokens_of(fold(word))}
    vocabulary: dict[str, int] = {}
    known: dict[str, _Rows] = {}
    rows = []
    for label in labels:
        # Function words last: of a feature that stands twice, `unique` keeps the first.
        words = sorted(tokens_of(fold(label.text)), key=stop_words.__contains__)
        for word in words:
            if word not in known:
                numbers = [vocabulary.setdefault(feature, len(vocabulary)) for feature, _ in features((word,))]
                known[word] = np.array(numbers, dtype=np.intp)
        found = [known[word] for word in words] or [np.zeros(0, dtype=np.intp)]
        weak = [np.full(len(known[word]), word in stop_words) for word in words] or [np.zeros(0, dtype=np.bool_)]
        numbers_once, first = np.unique(np.concatenate(found), return_index=True)
        rows.append((numbers_once, np.where(np.concatenate(weak)[first], _FUNCTION_WORD_WEIGHT, 1.0)))
    return rows
