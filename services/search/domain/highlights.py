"""Owns how a text with marked words becomes plain pieces: never markup, whatever stands in the text."""

from dataclasses import dataclass

OPENING, CLOSING = "\ue000", "\ue001"
"""Marks around a matching word: private-use characters, taken out of every text before it is indexed."""
_NO_MARKS = str.maketrans("", "", OPENING + CLOSING)


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of text, and whether it matches the question."""

    text: str
    emphasised: bool


def without_marks(text: str) -> str:
    """Take the marks out of a text."""
    return text.translate(_NO_MARKS) if OPENING in text or CLOSING in text else text


def segments_of(marked: str) -> tuple[Segment, ...]:
    """Cut a marked text into its pieces, in order; joined they give the text without marks."""
    pieces: list[Segment] = []
    for index, part in enumerate(marked.split(OPENING)):
        inside, mark, outside = part.partition(CLOSING)
        if index == 0 or not mark:
            inside, outside = "", without_marks(part)
        if inside:
            pieces.append(Segment(inside, emphasised=True))
        if outside:
            pieces.append(Segment(without_marks(outside), emphasised=False))
    return tuple(pieces)


def emphasised_words(marked: str) -> tuple[str, ...]:
    """Give the marked words of a text, each once."""
    return tuple(dict.fromkeys(piece.text for piece in segments_of(marked) if piece.emphasised))
