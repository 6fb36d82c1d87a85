"""Owns what may stand in a text: nothing invisible that could deceive, and no markup, since all texts are plain.

Zero-width joiners stay allowed between letters of scripts that need them (Persian "می‌خواهم"); everywhere else they
would let two texts look alike and differ.
"""

import re
import unicodedata
from collections.abc import Iterator

MAX_MARKS = 4
"""Combining marks in a row; the densest orthographies (Vietnamese, pointed Hebrew, vowelled Arabic) need three."""

_JOINERS = "\u200c\u200d"
_INVISIBLE = frozenset("\u00ad\u061c\u180e\u200b\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff")
_LINE_BREAKS = frozenset("\n\t")
# A tag, an entity, or a Markdown link; a lone "<" as in "< 3 Monate" is none of them.
_MARKUP = re.compile(r"<[A-Za-z/!?]|&(#\d+|#x[0-9a-fA-F]+|[A-Za-z]{2,8});|\]\(")


def text_faults(text: str, *, one_line: bool) -> Iterator[str]:
    """Say each rule that the text breaks; `one_line` texts may hold no line break either."""
    if any(_is_control(char) and (one_line or char not in _LINE_BREAKS) for char in text):
        yield "must hold no control characters"
    if any(_is_direction_control(char) or char in _INVISIBLE for char in text) or _has_stray_joiner(text):
        yield "must hold no invisible or direction-changing characters"
    if _has_mark_flood(text):
        yield f"must hold no more than {MAX_MARKS} combining marks in a row"
    if _MARKUP.search(text):
        yield "must be plain text without markup"


def is_blank(text: str) -> bool:
    """Say whether nobody could read anything in it: no letter and no digit."""
    return not any(char.isalnum() for char in text)


def sort_key(text: str) -> str:
    """Fold a title for sorting: case, accents and umlauts do not part what people look for side by side."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in folded if not unicodedata.combining(char)).strip()[:200]


def _is_control(char: str) -> bool:
    # Cc: controls; Cs: lone surrogates; Zl, Zp: line and paragraph separators; Co, Cn: what nobody can read.
    return unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp", "Co", "Cn"}


def _is_direction_control(char: str) -> bool:
    # Embeddings, overrides, isolates; the Unicode tag block would carry hidden text.
    return "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u206f" or "\U000e0000" <= char <= "\U000e007f"


def _has_stray_joiner(text: str) -> bool:
    padded = f" {text} "
    return any(
        char in _JOINERS and not (_joins(padded[place - 1]) and _joins(padded[place + 1]))
        for place, char in enumerate(padded)
    )


def _joins(char: str) -> bool:
    """Say whether a joiner may stand beside it: letters and marks beyond Latin, Greek and Cyrillic, and emoji."""
    return (unicodedata.category(char)[0] in "LM" and char >= "\u0590") or unicodedata.category(char) in {"So", "Sk"}


def _has_mark_flood(text: str) -> bool:
    run = 0
    for char in text:
        run = run + 1 if unicodedata.combining(char) else 0
        if run > MAX_MARKS:
            return True
    return False
