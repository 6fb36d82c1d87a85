"""The features a text is linked by: character n-grams with word edges, and whole words.

Inflection, compounds and small misspellings keep most n-grams, so no stemmer is needed in any language.
"""

import re
from collections.abc import Iterator, Sequence

_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_SHORTEST, _LONGEST = 3, 5
_LONGEST_CJK = 3
_EDGE = "\x02"
"""Marks both ends of a word; folding leaves no control character, so no text can contain it."""
WORD = "\x03"
"""Marks a whole-word feature, so that it does not count as the same as an n-gram of equal letters."""


def features(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield every (feature, word it comes from) of already folded words, repeats included."""
    for word in words:
        yield WORD + word, word
        for gram in _cjk_grams(word) if is_unspaced(word) else _edge_grams(word):
            yield gram, word


def is_unspaced(word: str) -> bool:
    """Say whether a word is of a writing without spaces, and so perhaps a whole sentence."""
    return bool(_CJK.search(word))


def _edge_grams(word: str) -> Iterator[str]:
    padded = f"{_EDGE}{word}{_EDGE}"
    for size in range(_SHORTEST, _LONGEST + 1):
        for start in range(len(padded) - size + 1):
            yield padded[start : start + size]


def _cjk_grams(word: str) -> Iterator[str]:
    for size in range(1, _LONGEST_CJK + 1):
        for start in range(len(word) - size + 1):
            yield word[start : start + size]
