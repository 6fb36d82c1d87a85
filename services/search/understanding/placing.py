"""Puts what one part says of its concepts into the order of another part's."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Placing:
    """From values in the order of `given` to values in the order of `wanted`; what is missing there is zero."""

    def __init__(self, given: Sequence[str], wanted: Sequence[str]) -> None:
        column_of = {concept: column for column, concept in enumerate(given)}
        columns = [column_of.get(concept) for concept in wanted]
        self.known: NDArray[np.bool_] = np.array([column is not None for column in columns], dtype=bool)
        """Which of the wanted concepts there are values for."""
        self._columns = [column for column in columns if column is not None]

    def __call__(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return one value a wanted concept."""
        placed = np.zeros(len(self.known))
        placed[self.known] = values[self._columns]
        return placed
