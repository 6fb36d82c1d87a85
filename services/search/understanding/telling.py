"""How much a feature tells of what a text is about (ADR 0017)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def telling(features: NDArray[np.intp], uses: NDArray[Any], vocabulary: int, concepts: int) -> NDArray[np.float64]:
    """Weigh every feature: log(1 + concepts / perplexity), where the perplexity is of how its uses are shared among
    concepts: the number of concepts it would take to be as undecided if all were alike.

    Each entry of `features` and `uses` is one pair of a feature and a concept; every feature has at least one.
    """
    shares = uses / np.bincount(features, uses, minlength=vocabulary)[features]
    entropy = -np.bincount(features, shares * np.log(shares), minlength=vocabulary)
    return np.asarray(np.log1p(concepts / np.exp(entropy)), dtype=np.float64)
