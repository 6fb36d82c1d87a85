"""Learns to judge questions by a softmax regression over the linker's n-grams (ADR 0020).

Unlike a centroid it learns what tells concepts apart, so what is said of all weighs little by itself.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from services.search.understanding.ngram_judge import Counted, Example, NGramJudge, counted, judge_of
from services.search.understanding.telling import telling

_SHARPNESS = 10.0
"""What a text of length 1 is multiplied by, so that steps of one size suit features and logits."""
_PASSES, _BATCH = 2, 128
"""Over all examples, in batches (in a first trial, on sentences left out: one pass finds .635, two .670, three no
more)."""
_RATE = 0.04
_LAST_RATE = 0.3
"""Share of the rate that the last pass would end with."""
_BEGIN = 1e-2
"""What the sum of squared gradients of a feature begins with."""
_MOST_ENTRIES = 5_000_000
"""Weights that are kept, 40 MB: about as many, the largest (measured on sentences left out, right topic first: .650;
in a first trial all 96 million .669, 6 million .664, 4 million .657, 2 million .630; centroids .422)."""

_SAMPLED, _BLOCK = 10_000_000, 50_000
"""Weights, and rows of them, that are looked at together."""

Weights = NDArray[np.float32]


def build_regression(examples: Iterable[Example], most_entries: int = _MOST_ENTRIES) -> NGramJudge:
    """Learn from texts; takes some 80 seconds and 1.2 GB for 120,000. The same give the same, but for rounding."""
    found = counted(examples)
    many, features = len(found.concepts), len(found.vocabulary)
    tells = _telling_of(found)
    weights = _fitted(found, tells.astype(np.float32)) if many else np.zeros((features, 0), dtype=np.float32)
    column, place = _largest(weights, most_entries)
    return judge_of(found, tells, column, place, _SHARPNESS * weights[column, place])


def _telling_of(found: Counted) -> NDArray[np.float64]:
    many = max(len(found.concepts), 1)
    cells, uses = np.unique(found.columns * many + found.places[found.rows], return_counts=True)
    return telling(cells // many, uses, len(found.vocabulary), many)


def _fitted(found: Counted, tells: Weights) -> Weights:
    """Fit by AdaGrad (Duchi et al. 2011), one sum of squares a feature; rows are features, columns concepts.

    Examples of concepts with fewer ones count more, by the root.
    """
    many = len(found.concepts)
    ends = np.searchsorted(found.rows, np.arange(len(found.places) + 1))
    values = tells[found.columns]
    lengths = np.sqrt(np.bincount(found.rows, values**2, len(found.places)))
    values = (_SHARPNESS * values / np.maximum(lengths, 1e-9)[found.rows]).astype(np.float32)
    importance = (np.bincount(found.places, minlength=many)[found.places] ** -0.5).astype(np.float32)
    importance /= importance.mean()
    weights = np.zeros((len(tells), many), dtype=np.float32)
    squares = np.full(len(tells), _BEGIN, dtype=np.float32)
    shuffled = np.random.default_rng(0)
    for turn in range(_PASSES):
        rate = _RATE * (1 - (1 - _LAST_RATE) * turn / _PASSES)
        order = shuffled.permutation(len(found.places))
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            entries = np.concatenate([np.arange(ends[row], ends[row + 1]) for row in chosen])
            columns, column_of = np.unique(found.columns[entries], return_inverse=True)
            texts = np.zeros((len(chosen), len(columns)), dtype=np.float32)
            texts[np.repeat(np.arange(len(chosen)), ends[chosen + 1] - ends[chosen]), column_of] = values[entries]
            now = weights[columns]
            error = _shares(texts @ now)
            error[np.arange(len(chosen)), found.places[chosen]] -= 1
            error *= importance[chosen, None]
            gradient = texts.T @ error
            squares[columns] += np.einsum("ij,ij->i", gradient, gradient) / many
            gradient *= (rate / np.sqrt(squares[columns]))[:, None]
            now -= gradient
            weights[columns] = now
    return weights


def _shares(logits: Weights) -> Weights:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def _largest(weights: Weights, most: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of the weights to keep: all but zero ones, or about the `most` largest."""
    # A sample of the rows tells the size from which on; all at once would take as much memory again.
    step = max(1, weights.size // _SAMPLED)
    sizes = np.sort(np.abs(weights[::step]), axis=None)
    least = sizes[-(most // step) - 1] if weights.size > most else 0.0
    rows, columns = [], []
    for start in range(0, len(weights), _BLOCK):
        row, column = np.nonzero(np.abs(weights[start : start + _BLOCK]) > least)
        rows.append(row + start)
        columns.append(column)
    return np.concatenate(rows or [np.zeros(0, np.intp)]), np.concatenate(columns or [np.zeros(0, np.intp)])
