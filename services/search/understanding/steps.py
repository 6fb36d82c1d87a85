"""Steps that a question shows to be under way or taken ("I have the notice"): whole phrases only."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.search.understanding.phrases import PhraseTable
from services.search.yaml_files import read_yaml

DEFAULT_FILE = Path(__file__).with_name("steps.yaml")
_NEGATIONS = "negations"


class StepPhrases:
    """Finds topics with how far they have come, "started" or "decided"; immutable after it is built."""

    def __init__(self, entries: Mapping[str, Any]) -> None:
        """Build it from the file's content: phrases by topic and progress, and the negations."""
        self._steps: PhraseTable[tuple[str, str]] = PhraseTable()
        self._negations: PhraseTable[bool] = PhraseTable()
        for word in entries[_NEGATIONS]:
            self._negations.add(str(word), True)
        for topic, states in entries.items():
            if topic != _NEGATIONS:
                for state, phrases in states.items():
                    for phrase in phrases:
                        self._steps.add(phrase, (topic, state))

    def find(self, tokens: Sequence[str]) -> Mapping[str, str]:
        """Give by topic how far it has come; nothing when the question denies anything. "decided" wins."""
        if self._negations.find(tokens).values:
            return {}
        found = sorted(self._steps.find(tokens).values, key=lambda step: step[1] == "decided")
        return dict(found)


def load_step_phrases(file: Path = DEFAULT_FILE) -> StepPhrases:
    """Read the phrases; raises OSError or yaml.YAMLError when the file is missing or broken."""
    return StepPhrases(read_yaml(file))
