"""Words that German offers use for a concept: they find offers whose text says what no label says word by word.

Each word of a concept's German labels weighs by how many of them have it, and less the more concepts share it.
"""

import math
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from heapq import nsmallest

from services.search.thesaurus import Concept, Thesaurus
from services.search.understanding.compounds import load_splitter
from services.search.understanding.fold import fold, tokens_of
from services.search.understanding.words import german_stop_words

_SHORTEST = 3
_MOST_WORDS = 12
"""Words kept of a concept; what comes later is said in one label of many."""
_LONGEST_TEXT = 20_000
"""Characters of one text that are taken apart."""
_LONGEST_WORD = 200


class GermanWords:
    """The words of every concept; immutable."""

    def __init__(self, thesaurus: Thesaurus) -> None:
        said = {concept.id: _said(concept) for concept in thesaurus.values()}
        shared = Counter(word for words in said.values() for word in words)
        self._weights = {
            concept: _weighed(words, len(thesaurus[concept].labels.get("de", ())), shared, len(said))
            for concept, words in said.items()
        }

    def of(self, concepts: Mapping[str, float], most: int) -> tuple[tuple[str, float], ...]:
        """Give the heaviest words of weighed concepts, each once, heaviest first; weights 0 to 1."""
        found: dict[str, float] = {}
        for concept, weight in concepts.items():
            # Squared: a neighbour's own words must not outweigh those of the concept that was asked.
            square = weight**2
            for word, share in self._weights.get(concept, ()):
                value = share * square
                if value > found.get(word, 0.0):
                    found[word] = value
        heaviest = nsmallest(most, ((-weight, word) for word, weight in found.items()))
        return tuple((word, round(-weight, 4)) for weight, word in heaviest)


def german_parts(text: str) -> tuple[str, ...]:
    """Give the words of a German text, folded, and what its compounds are made of; function words are left out."""
    return _parts_of(text[:_LONGEST_TEXT])


def published_parts(text: str) -> tuple[str, ...]:
    """Give the same for what everybody may read: words repeat among offers, so they are remembered."""
    return tuple(part for word in text[:_LONGEST_TEXT].split() for part in _remembered_parts(word[:_LONGEST_WORD]))


def _parts_of(text: str) -> tuple[str, ...]:
    return tuple(part for word in tokens_of(fold(text)) for part in _word_parts(word))


_remembered_parts = lru_cache(maxsize=65_536)(_parts_of)
"""By what stands between two spaces: folding never looks beyond one."""


def _word_parts(word: str) -> tuple[str, ...]:
    if len(word) < _SHORTEST or word in german_stop_words():
        return ()
    return word, *load_splitter().parts(word)


def _said(concept: Concept) -> Counter[str]:
    return Counter(word for label in concept.labels.get("de", ()) for word in set(german_parts(label)))


def _weighed(words: Counter[str], labels: int, shared: Counter[str], concepts: int) -> tuple[tuple[str, float], ...]:
    weights = {
        word: math.sqrt(count / max(labels, 1)) * math.log1p(concepts / shared[word]) / math.log1p(concepts)
        for word, count in words.items()
    }
    return tuple(sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_WORDS])
