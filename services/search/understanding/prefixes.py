"""Guarantees that type-ahead looks only at names that start with what was typed: a sorted table, found by halving.

A table of 30,000 labels has some 90,000 word starts: halving takes 17 comparisons, a scan reads them all.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Generic, TypeVar

from services.search.understanding.fold import fold, tokens_of

V = TypeVar("V")

MOST_CHARACTERS = 80
"""What is typed is cut here; no label is longer."""
_ARABIC_ARTICLE = "ال"
"""Written as part of its word: who types the word without it, or with it, means the same."""
_SHORTEST_WORD = 3
_NOTHING: Mapping[str, str] = MappingProxyType({})
_LAST_CHARACTER = "\U0010ffff"


def prefix_of(typed: str) -> str:
    """Fold what was typed so far; empty when it has no letter."""
    return " ".join(tokens_of(fold(typed[:MOST_CHARACTERS])))


class PrefixTable(Generic[V]):
    """Values by the folded start of a name, and of each later word in it."""

    def __init__(self, named: Iterable[tuple[str, V]], known: Mapping[str, str] = _NOTHING) -> None:
        """Build it from pairs of a name as written and its value; `known` gives names that were folded before."""
        folded: dict[str, tuple[str, ...]] = {name: tuple(words.split()) for name, words in known.items()}
        firsts: list[tuple[str, V]] = []
        laters: list[tuple[str, V]] = []
        for name, value in named:
            for start, is_first in _starts(_words_of(name, folded)):
                (firsts if is_first else laters).append((start, value))
        self._firsts, self._laters = _Sorted(firsts), _Sorted(laters)

    def first_words(self, wanted: str) -> Sequence[V]:
        """Give what starts with `wanted` (folded); a value may repeat."""
        return self._firsts.starting_with(wanted)

    def later_words(self, wanted: str) -> Sequence[V]:
        """Give what has a later word that starts with `wanted`; nothing for one letter, which says too little."""
        return self._laters.starting_with(wanted) if len(wanted) > 1 else ()


class _Sorted(Generic[V]):
    """Pairs in the order of their keys."""

    def __init__(self, pairs: list[tuple[str, V]]) -> None:
        pairs.sort(key=lambda pair: pair[0])
        self._keys = [key for key, _ in pairs]
        self._values = [value for _, value in pairs]

    def starting_with(self, wanted: str) -> Sequence[V]:
        if not wanted:
            return ()
        first = bisect_left(self._keys, wanted)
        return self._values[first : bisect_left(self._keys, wanted + _LAST_CHARACTER, lo=first)]


def _words_of(name: str, known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Fold word by word: folding never looks beyond a space, and words repeat, so most of it is looked up."""
    if name in known:
        return known[name]
    words: list[str] = []
    for word in name.split():
        if word not in known:
            known[word] = tokens_of(fold(word))
        words += known[word]
    return tuple(words)


def _starts(words: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Give the name from each of its words on, and without the article of that word; the flag says "from the first"."""
    for position, word in enumerate(words):
        start = " ".join(words[position:])
        yield start, position == 0
        if word.startswith(_ARABIC_ARTICLE) and len(word) >= len(_ARABIC_ARTICLE) + _SHORTEST_WORD:
            yield start.removeprefix(_ARABIC_ARTICLE), position == 0
