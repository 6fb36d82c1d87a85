"""Finds known names in a question, the longest first, and hands back the words that are left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from services.search.understanding.fold import fold, tokens_of

V = TypeVar("V")

_LONGEST_ENDING = 4
"""A name written with `*` may carry an ending of this many letters (Leipziger, Дрездені, Dresdendeki)."""
_CLITICS = ("وب", "ول", "ب", "ل", "و", "ف")
"""Arabic writes and, in, for as part of the next word."""
_SHORTEST_STEM = 3


@dataclass(slots=True)
class _Node(Generic[V]):
    """One step of the trie: which words may follow, and what the name so far stands for."""

    exact: "dict[str, _Node[V]]" = field(default_factory=dict)
    stems: "dict[str, _Node[V]]" = field(default_factory=dict)
    value: V | None = None


@dataclass(frozen=True, slots=True)
class Found(Generic[V]):
    """The values of the names found, in order and each once, and the words outside them."""

    values: tuple[V, ...]
    rest: tuple[str, ...]


class PhraseTable(Generic[V]):
    """Names of one or more words, each with a value; a word ending in `*` also matches with an ending."""

    def __init__(self) -> None:
        self._root: _Node[V] = _Node()
        self._beginnings: set[str] = set()
        """The first letters of all first words: most words of a text begin no name, and this tells at once."""

    def add(self, name: str, value: V) -> None:
        """Enter a name; of two values for one name the first stays. A name without a letter is ignored."""
        node = self._root
        for word in name.split():
            for token in tokens_of(fold(word)):
                if node is self._root:
                    self._beginnings.add(token[:_SHORTEST_STEM])
                branch = node.stems if word.endswith("*") else node.exact
                node = branch.setdefault(token, _Node())
        if node is not self._root and node.value is None:
            node.value = value

    def find(self, tokens: Sequence[str]) -> Found[V]:
        """Split folded words into the names among them and the rest; never fails."""
        values: dict[V, None] = {}
        rest: list[str] = []
        position = 0
        while position < len(tokens):
            length, value = self._longest(tokens, position) if self._may_begin(tokens[position]) else (0, None)
            if value is None:
                rest.append(tokens[position])
                position += 1
            else:
                values[value] = None
                position += length
        return Found(tuple(values), tuple(rest))

    def _may_begin(self, token: str) -> bool:
        return token[:_SHORTEST_STEM] in self._beginnings or token.startswith(_CLITICS)

    def _longest(self, tokens: Sequence[str], start: int) -> tuple[int, V | None]:
        """Return how many words the longest name from `start` has, and its value."""
        best: tuple[int, V | None] = (0, None)
        nodes = [self._root]
        for length in range(1, len(tokens) - start + 1):
            # Only the first word can carry an Arabic clitic; inside a name it would join two names.
            readings = _readings(tokens[start]) if length == 1 else (tokens[start + length - 1],)
            nodes = [child for node in nodes for reading in readings for child in _children(node, reading)]
            if not nodes:
                break
            best = next(((length, node.value) for node in nodes if node.value is not None), best)
        return best


def _children(node: _Node[V], token: str) -> Iterator[_Node[V]]:
    if token in node.exact:
        yield node.exact[token]
    for ending in range(_LONGEST_ENDING + 1):
        stem = token[: len(token) - ending]
        if len(stem) >= _SHORTEST_STEM and stem in node.stems:
            yield node.stems[stem]


def _readings(token: str) -> tuple[str, ...]:
    without = (token.removeprefix(clitic) for clitic in _CLITICS if token.startswith(clitic))
    return (token, *(stem for stem in without if len(stem) >= _SHORTEST_STEM))
