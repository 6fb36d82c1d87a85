"""Owns how long to wait before the next try: twice as long each time, up to a limit, never in step with others."""

import random
from collections.abc import Callable


class Backoff:
    """Waits of `first` seconds doubling up to `most`, each shortened at random by up to a half.

    The shortening keeps fifty regions from knocking at a returning hub in the same instant.
    """

    def __init__(self, first: float, most: float, draw: Callable[[], float] = random.random) -> None:
        self._first = first
        self._most = most
        self._draw = draw
        self._wait = first

    def next(self) -> float:
        """Give the seconds to wait now."""
        wait = self._wait
        self._wait = min(self._wait * 2, self._most)
        return wait * (1 - self._draw() / 2)

    def reset(self) -> None:
        """Begin with the shortest wait again: something succeeded."""
        self._wait = self._first
