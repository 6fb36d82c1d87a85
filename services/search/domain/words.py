"""Guarantees that what a person typed reaches the engine as a bounded number of plain words.

Each word becomes a clause per field, and the engine refuses a query of more than 1,024 clauses.
"""

import re

MOST_WORDS = 24
"""A question of a person; the rest of a longer text adds little but cost."""
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts that write without spaces (or, in Hangul's case, are cut into pairs): each letter may become a clause."""


def bounded_words(text: str, most: int = MOST_WORDS) -> str:
    """Give the first distinct words of a text, parted by spaces; empty when it has none (signs and emoji only)."""
    kept: dict[str, None] = {}
    room = most
    for word in _WORD.findall(text):
        if word in kept:
            continue
        letters = len(_UNSPACED.findall(word))
        if letters > room:
            # A whole sentence without spaces is one "word": its beginning still says what it is about.
            word = word[:room]  # noqa: PLW2901 -- the cut word is what is kept
        room -= max(letters, 1)
        if word:
            kept[word] = None
        if room <= 0:
            break
    return " ".join(kept)
