"""What people say when they mean a concept: whole sentences in 26 languages.

The classifier and the judge by n-grams learn from them. They also tell the linker which words are said of anything
(ADR 0017).

Unlike labels they are never shown or quoted, so they may tell a story. One file a language: concept id -> sentences.
"""

from collections.abc import Iterator
from pathlib import Path

from services.search.understanding.offtopic import OFF_TOPIC, PREFIX
from services.search.yaml_files import read_yaml

DEFAULT_FOLDER = Path(__file__).with_name("utterances")
_OFF_TOPIC_KEY = OFF_TOPIC.removeprefix(PREFIX)


Utterance = tuple[str, str, str]
"""Concept id, language and sentence."""


def utterances(folder: Path = DEFAULT_FOLDER) -> Iterator[Utterance]:
    """Give all of them; raises OSError or yaml.YAMLError when a file is missing or broken."""
    for file in sorted(folder.glob("*.yaml")):
        for concept, sentences in read_yaml(file).items():
            for sentence in sentences:
                yield OFF_TOPIC if concept == _OFF_TOPIC_KEY else concept, file.stem, str(sentence)
