"""Checks the thesaurus as reviewed data: every finding is one sentence a translator can act on."""

from collections.abc import Iterator
from functools import cache

from babel import Locale, UnknownLocaleError

from services.search.thesaurus.loader import Concept, Thesaurus
from services.search.thesaurus.wording import function_words, labels_with_script_faults, typing_fault, words_of
from services.search.understanding.fold import fold

FULL_LANGUAGES = ("de", "en", "uk", "ru", "ar", "fa", "vi", "pl", "cs", "tr", "es", "fr")
"""Every concept has at least four labels in each of these."""
FURTHER_LANGUAGES = ("pt", "it", "ro", "zh", "hi", "ky", "uz", "ti", "sr", "bg", "hu", "ku", "ka", "ur")
"""Every concept has at least two labels in each of these."""
MANDATORY_LANGUAGES = (*FULL_LANGUAGES, *FURTHER_LANGUAGES)
_FEWEST_FULL = 4
_FEWEST_FURTHER = 2
_AUDIENCES = (None, "person", "company", "actor")


def fewest_labels(language: str) -> int:
    """Return how many labels a concept needs in `language`."""
    return _FEWEST_FULL if language in FULL_LANGUAGES else _FEWEST_FURTHER


def validate(thesaurus: Thesaurus) -> list[str]:
    """Return what is wrong, in the order of the files; empty when the thesaurus may be published."""
    findings = [finding for concept in thesaurus.values() for finding in _concept_findings(concept, thesaurus)]
    return [*findings, *_shared_labels(thesaurus)]


def are_close(one: str, other: str, thesaurus: Thesaurus) -> bool:
    """Tell whether two concepts may share a label: one is related to the other, or lies above it."""
    first, second = thesaurus[one], thesaurus[other]
    linked = other in first.related or one in second.related
    return linked or other in _ancestors(one, thesaurus) or one in _ancestors(other, thesaurus)


def _concept_findings(concept: Concept, thesaurus: Thesaurus) -> Iterator[str]:
    yield from _relation_findings(concept, thesaurus)
    if not concept.definition.strip():
        yield f"{concept.id}: definition is empty"
    if concept.audience not in _AUDIENCES:
        yield f"{concept.id}: unknown audience {concept.audience!r}"
    yield from _count_findings(concept)
    yield from _wording_findings(concept)
    yield from _hidden_findings(concept)


def _relation_findings(concept: Concept, thesaurus: Thesaurus) -> Iterator[str]:
    for relation, targets in (("broader", concept.broader), ("related", concept.related)):
        for target in targets:
            if target not in thesaurus:
                yield f"{concept.id}: {relation} concept {target!r} does not exist"
            elif target == concept.id:
                yield f"{concept.id}: is {relation} of itself"
    above = _ancestors(concept.id, thesaurus)
    if concept.id in above:
        yield f"{concept.id}: broader concepts form a cycle"
    # SKOS, integrity condition S27: a pair is either above each other or beside each other.
    for both in sorted(above.intersection(concept.related) - {concept.id}):
        yield f"{concept.id}: {both!r} is broader and related at once, keep one of the two"


def _count_findings(concept: Concept) -> Iterator[str]:
    for language in MANDATORY_LANGUAGES:
        if language not in concept.labels:
            yield f"{concept.id}: no labels in {language}"
    for language, labels in concept.labels.items():
        fewest = fewest_labels(language)
        if len(labels) < fewest:
            yield f"{concept.id}: {len(labels)} labels in {language}, at least {fewest} are needed"
        yield from _repeated(concept, "label", language, labels)
    for language in sorted({*concept.labels, *concept.hidden}):
        if not _is_language_tag(language):
            yield f"{concept.id}: {language!r} is not a BCP-47 language tag"


def _wording_findings(concept: Concept) -> Iterator[str]:
    for language, labels in concept.labels.items():
        stop_words = function_words().get(language, frozenset())
        for label in labels:
            fault = typing_fault(label)
            if fault:
                yield f"{concept.id}: label {label!r} in {language} {fault}"
            elif not any(words_of(label)):
                yield f"{concept.id}: empty label in {language}"
            elif all(word in stop_words for word in words_of(label)):
                yield f"{concept.id}: label {label!r} in {language} has nothing but function words"
    for language, label, fault in labels_with_script_faults(concept):
        yield f"{concept.id}: label {label!r} in {language} {fault}"


def _hidden_findings(concept: Concept) -> Iterator[str]:
    """Hidden labels may be in any script, for they are what people type in place of the right one."""
    for language, hidden in concept.hidden.items():
        if _is_language_tag(language) and language not in concept.labels:
            yield f"{concept.id}: hidden labels in {language}, but no label to show for them"
        if not hidden:
            yield f"{concept.id}: an empty list of hidden labels in {language}"
        for label in hidden:
            fault = typing_fault(label)
            if fault or not any(words_of(label)):
                yield f"{concept.id}: hidden label {label!r} in {language} {fault or 'is empty'}"
            elif label in concept.labels.get(language, ()):
                yield f"{concept.id}: {label!r} is a label and a hidden label in {language}"
        yield from _repeated(concept, "hidden label", language, hidden)


def _repeated(concept: Concept, kind: str, language: str, labels: tuple[str, ...]) -> Iterator[str]:
    if len(set(labels)) < len(labels):
        for repeated in sorted({label for label in labels if labels.count(label) > 1}):
            yield f"{concept.id}: {kind} {repeated!r} stands twice in {language}"


def _shared_labels(thesaurus: Thesaurus) -> Iterator[str]:
    """One label on two concepts is fine only where one is broader than or related to the other."""
    owners: dict[str, tuple[str, str]] = {}
    for concept in thesaurus.values():
        for labels in (concept.labels, concept.hidden):
            for label in (label for language in labels.values() for label in language):
                owner, shown = owners.setdefault(_folded(label), (concept.id, label))
                if owner != concept.id and not are_close(owner, concept.id, thesaurus):
                    yield f"{concept.id}: label {label!r} is also {shown!r} of the unrelated {owner}"


def _folded(label: str) -> str:
    """Fold word by word: words repeat, and folding each once halves the time of all checks."""
    return " ".join(map(_folded_word, label.split()))


@cache
def _folded_word(word: str) -> str:
    return fold(word)


def _ancestors(concept_id: str, thesaurus: Thesaurus) -> set[str]:
    found: set[str] = set()
    waiting = list(thesaurus[concept_id].broader)
    while waiting:
        current = waiting.pop()
        if current not in found and current in thesaurus:
            found.add(current)
            waiting.extend(thesaurus[current].broader)
    return found


@cache
def _is_language_tag(tag: str) -> bool:
    try:
        return str(Locale.parse(tag, sep="-")).replace("_", "-") == tag
    except (UnknownLocaleError, ValueError):
        return False
