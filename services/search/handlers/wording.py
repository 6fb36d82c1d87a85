"""Owns the thesaurus as questions are put together from it."""

from dataclasses import dataclass

from services.search.domain.neighbours import Neighbours, neighbours_of
from services.search.thesaurus import Thesaurus
from services.search.understanding.expansion import GermanWords


@dataclass(frozen=True, slots=True)
class Wording:
    """The thesaurus as questions are put together from it; made once."""

    thesaurus: Thesaurus
    neighbours: Neighbours
    words: GermanWords


def wording_of(thesaurus: Thesaurus) -> Wording:
    """Work out neighbours and German words of every concept; takes some tenths of a second."""
    return Wording(thesaurus, neighbours_of(thesaurus), GermanWords(thesaurus))
