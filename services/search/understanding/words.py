"""Takes a text apart: its folded words, with places and language names taken out, as they are no topic."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.search.understanding.consultation import language_names
from services.search.understanding.fold import fold, joined, tokens_of
from services.search.understanding.phrases import PhraseTable
from services.search.understanding.places import Places
from services.search.yaml_files import read_yaml

STOP_WORDS_FILE = Path(__file__).with_name("stopwords.yaml")
MOST_CHARACTERS = 400
"""A longer text is cut here after folding, so that one call's cost is bounded."""


@cache
def german_stop_words() -> frozenset[str]:
    """Give the German function words, folded."""
    words = read_yaml(STOP_WORDS_FILE)["de"]
    return frozenset(token for word in words for token in tokens_of(fold(str(word))))


@dataclass(frozen=True, slots=True)
class Words:
    """A text in its parts."""

    folded: str
    tokens: tuple[str, ...]
    districts: tuple[str, ...]
    """Official codes (AGS) of the places named, in the order named: five digits a district, 14 the state."""
    languages: tuple[str, ...]
    """Languages named, BCP 47."""
    topical: tuple[str, ...]
    """The words left, which say what it is about; neighbouring Chinese or Japanese characters are one word."""


class WordReader:
    """Reads questions, labels and offers alike; never fails."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._languages = language_names()
        self._padding: PhraseTable[bool] = PhraseTable()
        by_language: dict[str, list[str]] = read_yaml(STOP_WORDS_FILE)
        tokenised = [(tokens_of(fold(str(word))), word) for words in by_language.values() for word in words]
        self.stop_words: Collection[str] = frozenset(tokens[0] for tokens, _ in tokenised if len(tokens) == 1)
        """Function words of all languages, folded."""
        for tokens, word in tokenised:
            # Without spaces a function word is no word of its own: it is cut out, as a place's name is.
            if tokens and len(joined(tokens * 2)) < 2 * len(tokens):
                self._padding.add(str(word), True)

    def read(self, text: str) -> Words:
        """Take a text apart."""
        folded = fold(text)[:MOST_CHARACTERS].rstrip()
        tokens = tokens_of(folded)
        places = self._places.find(tokens)
        languages = self._languages.find(places.rest)
        return Words(folded, joined(tokens), places.values, languages.values, self._topical(languages.rest))

    def topical(self, text: str) -> tuple[str, ...]:
        """Give the words alone."""
        return self._topical(self._languages.find(self._places.find(tokens_of(fold(text)[:MOST_CHARACTERS])).rest).rest)

    def _topical(self, tokens: Sequence[str]) -> tuple[str, ...]:
        words = joined(tokens)
        return words if len(words) == len(tokens) else joined(self._padding.find(tokens).rest)
