"""Every spelling of every label as questions are compared with it, and which files decide that."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from services.search.thesaurus import Concept, Thesaurus
from services.search.thesaurus.loader import DEFAULT_FOLDER as THESAURUS_FOLDER
from services.search.understanding.fold import fold, tokens_of
from services.search.understanding.linker import IndexedLabel, Spoken
from services.search.understanding.ngram_judge import Example
from services.search.understanding.offtopic import DEFAULT_FILE as OFF_TOPIC_FILE
from services.search.understanding.offtopic import off_topic_labels
from services.search.understanding.places import DEFAULT_FILE as PLACES_FILE
from services.search.understanding.readings import romanised
from services.search.understanding.utterances import DEFAULT_FOLDER as UTTERANCES_FOLDER
from services.search.understanding.utterances import Utterance, utterances
from services.search.understanding.words import STOP_WORDS_FILE

_MODULES = (
    *("fold", "ideographs", "linker", "ngrams", "phrases", "readings", "consultation", "places", "words", "offtopic"),
    *("spellings", "compiled", "utterances", "telling"),
)


def sources() -> Iterator[Path]:
    """Name every file that decides how labels are compared: what was compiled from others is never read."""
    for folder in (THESAURUS_FOLDER, UTTERANCES_FOLDER):
        yield from folder.glob("*.yaml")
    yield from (PLACES_FILE, STOP_WORDS_FILE, OFF_TOPIC_FILE)
    yield from (Path(__file__).with_name(f"{module}.py") for module in _MODULES)


def question_sources() -> Iterator[Path]:
    """Name every file that decides what is learned of questions."""
    yield from sources()
    yield from (Path(__file__).with_name(f"{module}.py") for module in ("ngram_judge", "regression"))


def indexed_labels(thesaurus: Thesaurus, words_of: Callable[[str], tuple[str, ...]]) -> Iterator[IndexedLabel]:
    """Give every spelling of every label as it is compared."""
    for concept in thesaurus.values():
        for typed, shown, language in _spellings(concept):
            folded = " ".join(tokens_of(fold(typed)))
            yield IndexedLabel(concept.id, words_of(typed), shown, language, folded)
    for category, language, label in off_topic_labels():
        yield IndexedLabel(category, words_of(label), label, language)


def spoken(words_of: Callable[[str], tuple[str, ...]]) -> Iterator[Spoken]:
    """Give what people say of each concept, as it is compared."""
    for concept, _, sentence in utterances():
        yield concept, words_of(sentence)


def question_examples(
    thesaurus: Thesaurus, said: Iterable[Utterance], words_of: Callable[[str], tuple[str, ...]]
) -> Iterator[Example]:
    """Give labels and what callers say, as they are compared; other scripts in Latin letters too."""
    for label in indexed_labels(thesaurus, words_of):
        yield label.concept_id, label.words
    for concept, _, sentence in said:
        yield concept, words_of(sentence)
        roman = romanised(sentence)
        if roman:
            yield concept, words_of(roman)


def _spellings(concept: Concept) -> Iterator[tuple[str, str, str]]:
    """Yield (spelling to compare, label to show, language): labels, hidden ones, other scripts in Latin letters."""
    for language, labels in concept.labels.items():
        for label in labels:
            yield label, label, language
            roman = romanised(label)
            if roman:
                yield roman, label, language
    for language, hidden in concept.hidden.items():
        shown = concept.labels.get(language, hidden)[0]
        for spelling in hidden:
            yield spelling, shown, language
