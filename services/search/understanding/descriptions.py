"""What providers write of offers: German titles and texts by concept, from which the topics of offers are learned.

Callers' words (`utterances`) and labels say the same things otherwise. Like utterances they are never shown or quoted.
One file a group of the thesaurus: concept id -> texts of offers that are mainly about it, the title first.
"""

from collections.abc import Iterator
from pathlib import Path

from services.search.thesaurus import Thesaurus
from services.search.understanding import centroids, ngram_judge
from services.search.understanding.utterances import utterances
from services.search.yaml_files import read_yaml

DEFAULT_FOLDER = Path(__file__).with_name("descriptions")
_LANGUAGE = "de"
"""Offers are mostly German; the encoder carries what is learned from them over to other languages."""
_TIMES = 3
"""How often a description counts beside a label or an utterance (measured: 1 finds less, 8 no more)."""


def descriptions(folder: Path = DEFAULT_FOLDER) -> Iterator[tuple[str, str]]:
    """Give (concept id, text); raises OSError or yaml.YAMLError when a file is missing or broken."""
    for file in sorted(folder.glob("*.yaml")):
        for concept, texts in read_yaml(file).items():
            for text in texts:
                yield concept, str(text)


def offer_sources() -> Iterator[Path]:
    """Name the files that decide what is learned of offers, beside those of the labels (`spellings.sources`)."""
    yield from DEFAULT_FOLDER.glob("*.yaml")
    yield from (Path(__file__), Path(centroids.__file__), Path(ngram_judge.__file__))


def offer_examples(thesaurus: Thesaurus) -> list[tuple[str, str]]:
    """Give (concept id, text) of all that offers' topics are learned from; descriptions come `_TIMES`."""
    labels = [(concept.id, label) for concept in thesaurus.values() for label in concept.labels.get(_LANGUAGE, ())]
    spoken = [(concept, said) for concept, language, said in utterances() if language == _LANGUAGE]
    return [pair for pair in [*labels, *spoken, *_TIMES * list(descriptions())] if pair[0] in thesaurus]
