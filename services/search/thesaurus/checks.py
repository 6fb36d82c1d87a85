"""Checks the thesaurus as reviewed data: every finding is one sentence a translator can act on."""

from collections.abc import Iterator

from babel import Locale, UnknownLocaleError

from services.search.thesaurus.loader import Concept, Thesaurus
from services.search.understanding.fold import fold

MANDATORY_LANGUAGES = ("de", "en", "uk", "ru", "ar", "fa", "vi", "pl", "cs", "tr", "es", "fr")
"""Every concept has at least four labels in each of these."""
_FEWEST_MANDATORY = 4
_FEWEST_OTHER = 2
_AUDIENCES = (None, "person", "company", "actor")


def validate(thesaurus: Thesaurus) -> list[str]:
    """Return what is wrong, in the order of the files; empty when the thesaurus may be published."""
    findings = [finding for concept in thesaurus.values() for finding in _concept_findings(concept, thesaurus)]
    return [*findings, *_shared_labels(thesaurus)]


def _concept_findings(concept: Concept, thesaurus: Thesaurus) -> Iterator[str]:
    for relation, targets in (("broader", concept.broader), ("related", concept.related)):
        for target in targets:
            if target not in thesaurus:
                yield f"{concept.id}: {relation} concept {target!r} does not exist"
            elif target == concept.id:
                yield f"{concept.id}: is {relation} of itself"
    if concept.id in _ancestors(concept.id, thesaurus):
        yield f"{concept.id}: broader concepts form a cycle"
    if not concept.definition.strip():
        yield f"{concept.id}: definition is empty"
    if concept.audience not in _AUDIENCES:
        yield f"{concept.id}: unknown audience {concept.audience!r}"
    yield from _label_findings(concept)


def _label_findings(concept: Concept) -> Iterator[str]:
    for language in MANDATORY_LANGUAGES:
        if language not in concept.labels:
            yield f"{concept.id}: no labels in {language}"
    for language, labels in concept.labels.items():
        fewest = _FEWEST_MANDATORY if language in MANDATORY_LANGUAGES else _FEWEST_OTHER
        if len(labels) < fewest:
            yield f"{concept.id}: {len(labels)} labels in {language}, at least {fewest} are needed"
        for label in labels:
            if not fold(label):
                yield f"{concept.id}: empty label in {language}"
        for repeated in sorted({label for label in labels if labels.count(label) > 1}):
            yield f"{concept.id}: label {repeated!r} stands twice in {language}"
    for language in {*concept.labels, *concept.hidden}:
        if not _is_language_tag(language):
            yield f"{concept.id}: {language!r} is not a BCP-47 language tag"


def _shared_labels(thesaurus: Thesaurus) -> Iterator[str]:
    """One label on two concepts is fine only where one is broader than or related to the other."""
    owners: dict[str, tuple[str, str]] = {}
    for concept in thesaurus.values():
        for labels in (concept.labels, concept.hidden):
            for label in (label for language in labels.values() for label in language):
                owner, shown = owners.setdefault(fold(label), (concept.id, label))
                if owner != concept.id and not _are_close(owner, concept.id, thesaurus):
                    yield f"{concept.id}: label {label!r} is also {shown!r} of the unrelated {owner}"


def _are_close(one: str, other: str, thesaurus: Thesaurus) -> bool:
    first, second = thesaurus[one], thesaurus[other]
    linked = other in first.related or one in second.related
    return linked or other in _ancestors(one, thesaurus) or one in _ancestors(other, thesaurus)


def _ancestors(concept_id: str, thesaurus: Thesaurus) -> set[str]:
    found: set[str] = set()
    waiting = list(thesaurus[concept_id].broader)
    while waiting:
        current = waiting.pop()
        if current not in found and current in thesaurus:
            found.add(current)
            waiting.extend(thesaurus[current].broader)
    return found


def _is_language_tag(tag: str) -> bool:
    try:
        return str(Locale.parse(tag, sep="-")).replace("_", "-") == tag
    except (UnknownLocaleError, ValueError):
        return False
