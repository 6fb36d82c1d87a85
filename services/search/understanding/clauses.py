"""Takes a story apart: "I came in May, work in a bakery, and my boss has not paid me" is about one clause of three.

Compared as a whole, a long text is near to nothing; its clauses are.
"""

import re

from services.search.understanding.fold import tokens_of

_END = re.compile(r"(?:[!?;\n…،؟。！？，、；։።፣፤၊।—–]|[.,:](?!\d))+|\s-\s")
"""Not within a number, as in 3.000 or 18:30."""
_LEAST_WORDS = 3
"""Shorter ones ("hello", "since May") go with what follows."""
_MOST_CLAUSES = 5
"""Who tells more has said by then what it is about, or says it at the end: the last ones are one clause."""


def clauses(text: str) -> tuple[str, ...]:
    """Return the clauses of a text in order, at most five; a single one is the text itself. Never fails."""
    found: list[list[str]] = []
    words = 0
    for part in filter(None, map(str.strip, _END.split(text))):
        if found and (len(found) == _MOST_CLAUSES or words < _LEAST_WORDS):
            found[-1].append(part)
        else:
            found.append([part])
            words = 0
        words += len(tokens_of(part))
    if len(found) > 1 and words < _LEAST_WORDS:
        found[-2:] = [found[-2] + found[-1]]
    return tuple(map(" ".join, found))
