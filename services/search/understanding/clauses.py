"""Takes a story apart: "I came in May, work in a bakery, and my boss has not paid me" is about one clause of three.

Compared as a whole, a long text is near to nothing; its clauses are.
"""

import re

from services.search.understanding.fold import tokens_of

_END = re.compile(r"[.!?;,:\n…،؟。！？，、；։።፣፤၊।—–]+|\s-\s")
_LEAST_WORDS = 3
"""Shorter ones ("hello", "since May") go with what follows."""
_MOST_CLAUSES = 5
"""Who tells more has said by then what it is about, or says it at the end: the last ones are one clause."""


def clauses(text: str) -> tuple[str, ...]:
    """Return the clauses of a text in order, at most five; a single one is the text itself. Never fails."""
    found: list[str] = []
    for part in map(str.strip, _END.split(text)):
        if not part:
            continue
        if found and (len(found) == _MOST_CLAUSES or _is_short(found[-1])):
            found[-1] += f" {part}"
        else:
            found.append(part)
    if len(found) > 1 and _is_short(found[-1]):
        found[-2:] = [" ".join(found[-2:])]
    return tuple(found)


def _is_short(part: str) -> bool:
    return len(tokens_of(part)) < _LEAST_WORDS
