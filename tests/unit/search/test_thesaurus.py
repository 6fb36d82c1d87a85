"""The thesaurus that ships is complete and sound, and the checks find what would not be."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from services.search.thesaurus import (
    MANDATORY_LANGUAGES,
    Concept,
    Thesaurus,
    ThesaurusError,
    load_thesaurus,
    validate,
)


@pytest.fixture(scope="module")
def thesaurus() -> Thesaurus:
    return load_thesaurus()


def _concept(concept_id: str, *, word: str | None = None) -> Concept:
    word = word or concept_id
    labels = {language: tuple(f"{word} {language} {n}" for n in "abcd") for language in MANDATORY_LANGUAGES}
    return Concept(concept_id, (), (), "Ein Satz.", MappingProxyType(labels), MappingProxyType({}), None)


def _thesaurus(*concepts: Concept) -> Thesaurus:
    return Thesaurus(MappingProxyType({concept.id: concept for concept in concepts}))


def _with_labels(concept: Concept, language: str, *labels: str) -> Concept:
    return replace(concept, labels=MappingProxyType({**concept.labels, language: labels}))


def test_the_thesaurus_that_ships_has_no_findings(thesaurus: Thesaurus) -> None:
    assert validate(thesaurus) == []


def test_the_thesaurus_that_ships_covers_its_53_concepts_in_14_languages(thesaurus: Thesaurus) -> None:
    assert len(thesaurus) == 53
    for concept in thesaurus.values():
        assert set(concept.labels) >= {*MANDATORY_LANGUAGES, "ky", "uz"}


def test_a_sound_thesaurus_has_no_findings() -> None:
    assert validate(_thesaurus(_concept("one"), _concept("two"))) == []


@pytest.mark.parametrize(
    ("concept", "finding"),
    [
        (replace(_concept("one"), broader=("nowhere",)), "broader concept 'nowhere' does not exist"),
        (replace(_concept("one"), related=("nowhere",)), "related concept 'nowhere' does not exist"),
        (replace(_concept("one"), related=("one",)), "is related of itself"),
        (replace(_concept("one"), definition=" "), "definition is empty"),
        (replace(_concept("one"), audience="pilots"), "unknown audience 'pilots'"),
        (_with_labels(_concept("one"), "en", "a", "b", "c"), "3 labels in en, at least 4 are needed"),
        (_with_labels(_concept("one"), "ky", "a"), "1 labels in ky, at least 2 are needed"),
        (_with_labels(_concept("one"), "ky", "a", "’"), "empty label in ky"),
        (_with_labels(_concept("one"), "ky", "a", "a"), "label 'a' stands twice in ky"),
        (_with_labels(_concept("one"), "xq9", "a", "b"), "'xq9' is not a BCP-47 language tag"),
    ],
)
def test_a_broken_concept_is_found(concept: Concept, finding: str) -> None:
    assert validate(_thesaurus(concept)) == [f"one: {finding}"]


def test_a_missing_language_is_found() -> None:
    concept = _concept("one")
    without = MappingProxyType({language: labels for language, labels in concept.labels.items() if language != "fa"})
    assert validate(_thesaurus(replace(concept, labels=without))) == ["one: no labels in fa"]


def test_a_cycle_of_broader_concepts_is_found_on_each_of_its_concepts() -> None:
    one, two = replace(_concept("one"), broader=("two",)), replace(_concept("two"), broader=("one",))
    findings = validate(_thesaurus(one, two))
    assert findings == ["one: broader concepts form a cycle", "two: broader concepts form a cycle"]


def test_one_label_on_two_unrelated_concepts_is_found_after_folding() -> None:
    one = _with_labels(_concept("one"), "ky", "Prüfung", "b")
    two = _with_labels(_concept("two"), "ky", "PRUEFUNG", "c")
    assert validate(_thesaurus(one, two)) == ["two: label 'PRUEFUNG' is also 'Prüfung' of the unrelated one"]
    assert validate(_thesaurus(one, replace(two, related=("one",)))) == []
    assert validate(_thesaurus(one, replace(two, broader=("one",)))) == []


def test_a_label_falls_back_to_english_and_then_to_german() -> None:
    labels = MappingProxyType({"de": ("Steuern",), "uk": ("податки",)})
    concept = replace(_concept("tax"), labels=labels)
    assert _thesaurus(concept).label("tax", "uk") == "податки"
    assert _thesaurus(concept).label("tax", "uk-UA") == "податки"
    assert _thesaurus(concept).label("tax", "hu") == "Steuern"
    assert _thesaurus(_with_labels(concept, "en", "taxes")).label("tax", "hu") == "taxes"
    with pytest.raises(KeyError):
        _thesaurus(concept).label("nowhere", "de")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- id: one\n  definition: x\n", "a.yaml: malformed concept"),
        ("one: two\n", "a.yaml: not a list"),
        ("- [\n", "a.yaml: not YAML"),
        ("- {id: one, definition: x, labels: {de: [a]}}\n" * 2, "'one' is defined twice"),
    ],
)
def test_a_malformed_file_is_refused_by_name(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.yaml").write_text(content, "utf-8")
    with pytest.raises(ThesaurusError, match=message):
        load_thesaurus(tmp_path)
