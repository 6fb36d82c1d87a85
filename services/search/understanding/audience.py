"""Whether a question comes from an employer or an actor of the labour market: a hint, never a filter."""

from collections.abc import Sequence
from pathlib import Path

from services.search.understanding.model import Audience
from services.search.understanding.phrases import PhraseTable
from services.search.yaml_files import read_yaml

DEFAULT_FILE = Path(__file__).with_name("audience.yaml")
"""Phrases only that side uses: "mein Arbeitgeber" is an employee's, "als Arbeitgeber" is not."""


class AudienceWords:
    """The phrases that give a company or an actor away."""

    def __init__(self, companies: Sequence[str], actors: Sequence[str]) -> None:
        self._phrases: PhraseTable[Audience] = PhraseTable()
        for phrase in companies:
            self._phrases.add(phrase, "company")
        for phrase in actors:
            self._phrases.add(phrase, "actor")

    def find(self, tokens: Sequence[str]) -> Audience | None:
        """Return who is speaking by the first phrase found, None when nothing tells."""
        return next(iter(self._phrases.find(tokens).values), None)


def load_audience_words(file: Path = DEFAULT_FILE) -> AudienceWords:
    """Read the phrases; raises OSError or yaml.YAMLError when the file is missing or broken."""
    phrases: dict[str, list[str]] = read_yaml(file)
    return AudienceWords(phrases["company"], phrases["actor"])
