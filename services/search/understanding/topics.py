"""Automatic topics of an offer: precise rather than complete, because a publisher cannot see every tag."""

import re
from collections.abc import Callable, Sequence

from services.search.understanding.linker import IndexedLabel, Link, Linker

_CLAUSE_END = re.compile(r"[.;:!?,\n\r•|–—()]+")
_MOST_CLAUSES = 40
"""Enough for 2,000 characters of text; what stands later is rarely what an offer is about."""
_THRESHOLD = 0.65
"""A clause must nearly be a label."""
_QUOTED_SCORE = 0.9
"""What a label gets that stands word by word in the text."""
_SHORTEST_QUOTE = 9
"""Letters; shorter labels ("Visum", "Kurs") are words a text uses in passing."""


class TopicFinder:
    """Finds labels quoted in a text, and clauses that come near to one."""

    def __init__(
        self, linker: Linker, labels: Sequence[IndexedLabel], words_of: Callable[[str], tuple[str, ...]]
    ) -> None:
        self._linker = linker
        self._words_of = words_of
        self._quotable: dict[tuple[str, ...], IndexedLabel] = {}
        for label in labels:
            if sum(map(len, label.words)) >= _SHORTEST_QUOTE:
                self._quotable.setdefault(label.words, label)
        self._longest = max(map(len, self._quotable), default=0)

    def find(self, text: str) -> list[Link]:
        """Return the topics with their evidence, best first; equal ones by concept."""
        best: dict[str, Link] = {}
        for clause in _CLAUSE_END.split(text)[:_MOST_CLAUSES]:
            words = self._words_of(clause[:400])
            for link in (*self._quoted(words), *self._near(words)):
                known = best.get(link.label.concept_id)
                if known is None or link.score > known.score:
                    best[link.label.concept_id] = link
        return sorted(best.values(), key=lambda link: (-link.score, link.label.concept_id))

    def _near(self, words: Sequence[str]) -> list[Link]:
        return [link for link in self._linker.link(words)[:2] if link.score >= _THRESHOLD]

    def _quoted(self, words: tuple[str, ...]) -> list[Link]:
        runs = (
            words[start : start + length]
            for length in range(1, self._longest + 1)
            for start in range(len(words) - length + 1)
        )
        return [Link(_QUOTED_SCORE, self._quotable[run]) for run in runs if run in self._quotable]
