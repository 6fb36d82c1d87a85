"""Learns to judge offers by the middle of each concept's examples: a nearest-centroid classifier (Rocchio 1971).

Features are those of the linker. Where labels are short, examples are whole texts: what is typical of a concept
shows in their mean (ADR 0018).
"""

from collections.abc import Iterable

import numpy as np

from services.search.understanding.ngram_judge import Example, NGramJudge, counted, judge_of
from services.search.understanding.telling import telling

_SHARPNESS = 30.0
"""What a cosine is multiplied by before the softmax (measured for offers: 22 to 45 are near)."""


def build_centroids(examples: Iterable[Example]) -> NGramJudge:
    """Learn from texts; takes some five seconds for 10,000."""
    found = counted(examples)
    many = len(found.concepts)
    numbers = found.columns * many + found.places[found.rows]
    cells, cell_of, uses = np.unique(numbers, return_inverse=True, return_counts=True)
    column, place = (cells // many, cells % many) if many else (cells, cells)
    tells = telling(column, uses, len(found.vocabulary), many)
    lengths = np.sqrt(np.bincount(found.rows, tells[found.columns] ** 2, len(found.places)))
    sums = np.bincount(cell_of, tells[found.columns] / lengths[found.rows], len(cells))
    norms = np.sqrt(np.bincount(place, sums**2, many))
    return judge_of(found, tells, column, place, _SHARPNESS * sums / norms[place])
