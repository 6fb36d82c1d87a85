"""Whether a question comes from an employer or an actor of the labour market: a hint, never a filter."""

from collections.abc import Sequence
from pathlib import Path

from services.search.understanding.model import Audience
from services.search.understanding.phrases import PhraseTable
from services.search.yaml_files import read_yaml

DEFAULT_FILE = Path(__file__).with_name("audience.yaml")
"""Phrases only that side uses: "mein Arbeitgeber" is an employee's, "als Arbeitgeber" is not."""

_NEAR = 5
"""Words within which "we" and the business must stand."""


class AudienceWords:
    """The phrases that give a company or an actor away."""

    def __init__(
        self, companies: Sequence[str], actors: Sequence[str], we: Sequence[str] = (), business: Sequence[str] = ()
    ) -> None:
        """Take phrases of companies and of actors, and words for "we" and for a business."""
        self._speaking: PhraseTable[str] = PhraseTable()
        for kind, words in (("we", we), ("business", business)):
            for word in words:
                self._speaking.add(word, kind)
        self._phrases: PhraseTable[Audience] = PhraseTable()
        for phrase in companies:
            self._phrases.add(phrase, "company")
        for phrase in actors:
            self._phrases.add(phrase, "actor")

    def find(self, tokens: Sequence[str]) -> Audience | None:
        """Return who is speaking by the first phrase found, None when nothing tells."""
        told = next(iter(self._phrases.find(tokens).values), None)
        return told or ("company" if self._is_a_business(tokens) else None)

    def _is_a_business(self, tokens: Sequence[str]) -> bool:
        """Say whether "we" or "our" stands near a word for a business."""
        if len(self._speaking.find(tokens).values) < 2:
            return False
        return any(
            len(self._speaking.find(tokens[start : start + _NEAR]).values) > 1
            for start in range(max(len(tokens) - _NEAR + 1, 1))
        )


def load_audience_words(file: Path = DEFAULT_FILE) -> AudienceWords:
    """Read the phrases; raises OSError or yaml.YAMLError when the file is missing or broken."""
    phrases: dict[str, list[str]] = read_yaml(file)
    return AudienceWords(phrases["company"], phrases["actor"], phrases["we"], phrases["business"])
