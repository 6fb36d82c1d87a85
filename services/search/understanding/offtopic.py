"""What people type that no advice centre answers: a question that comes nearest to it is not understood."""

from collections.abc import Iterator
from pathlib import Path

import yaml

DEFAULT_FILE = Path(__file__).with_name("offtopic.yaml")
PREFIX = "~"
"""Begins the ids of these categories among the concepts; it sorts behind every concept's id."""
OFF_TOPIC = f"{PREFIX}off-topic"
"""Of utterances that belong to none of the categories: counted together with them (`opinions`), never linked."""


def off_topic_labels(file: Path = DEFAULT_FILE) -> Iterator[tuple[str, str, str]]:
    """Give (id, language, label); raises OSError or yaml.YAMLError when the file is missing or broken."""
    categories: dict[str, dict[str, list[str]]] = yaml.load(
        file.read_text("utf-8"),
        Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),  # noqa: S506 - both are safe ones
    )
    for category, by_language in categories.items():
        for language, labels in by_language.items():
            for label in labels:
                yield PREFIX + category, language, str(label)


def is_off_topic(concept_id: str) -> bool:
    """Say whether an id is one of these categories."""
    return concept_id.startswith(PREFIX)
