"""The thesaurus that ships is complete and sound, and the checks find what would not be."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from rdflib import RDF, SKOS, Graph, Literal, URIRef
from rdflib.namespace import DCTERMS
from typer.testing import CliRunner

from services.node.cli.target import CliError
from services.node.cli.thesaurus import app
from services.search.thesaurus import (
    MANDATORY_LANGUAGES,
    Concept,
    Thesaurus,
    ThesaurusError,
    load_thesaurus,
    validate,
)
from services.search.thesaurus.nearness import near_labels
from services.search.thesaurus.report import as_json, as_text, thin_spots
from services.search.thesaurus.turtle import DEFAULT_BASE, BaseRefused, thesaurus_turtle

SAMPLES: Mapping[str, str] = {
    **dict.fromkeys(("uk", "ru", "bg", "ky"), "слово"),
    **dict.fromkeys(("ar", "fa", "ur"), "كلمات"),
    "ka": "სიტყვა",
    "ti": "ቃላት",
    "hi": "शब्दावली",
    "zh": "单词",
}
"""A word in the script of each language that is not written in Latin."""


@pytest.fixture(scope="module")
def thesaurus() -> Thesaurus:
    return load_thesaurus()


@pytest.fixture(scope="module")
def graph(thesaurus: Thesaurus) -> Graph:
    return Graph().parse(data=thesaurus_turtle(thesaurus), format="turtle")


def _concept(concept_id: str) -> Concept:
    labels = {
        language: tuple(f"{SAMPLES.get(language, 'label')} {concept_id} {language} {n}" for n in "abcd")
        for language in MANDATORY_LANGUAGES
    }
    return Concept(concept_id, (), (), "Ein Satz.", MappingProxyType(labels), MappingProxyType({}), None)


def _thesaurus(*concepts: Concept) -> Thesaurus:
    return Thesaurus(MappingProxyType({concept.id: concept for concept in concepts}))


def _with_labels(concept: Concept, language: str, *labels: str) -> Concept:
    return replace(concept, labels=MappingProxyType({**concept.labels, language: labels}))


def _with_hidden(concept: Concept, language: str, *hidden: str) -> Concept:
    return replace(concept, hidden=MappingProxyType({language: hidden}))


def _written(folder: Path, *, labels: str = "[Anerkennung, Zeugnis, Abschluss, Diplom]") -> Path:
    (folder / "a.yaml").write_text(f"- {{id: one, definition: Ein Satz., labels: {{de: {labels}}}}}\n", "utf-8")
    return folder


def test_the_thesaurus_that_ships_has_no_findings(thesaurus: Thesaurus) -> None:
    assert validate(thesaurus) == []


def test_the_thesaurus_that_ships_has_182_concepts_in_26_languages(thesaurus: Thesaurus) -> None:
    assert len(thesaurus) >= 182
    assert len(MANDATORY_LANGUAGES) == 26
    assert all(set(concept.labels) >= set(MANDATORY_LANGUAGES) for concept in thesaurus.values())
    assert sum(len(labels) for concept in thesaurus.values() for labels in concept.labels.values()) >= 30_000


def test_checking_it_whole_takes_less_than_three_seconds_of_work(thesaurus: Thesaurus) -> None:
    begin = time.process_time()
    validate(thesaurus)
    assert time.process_time() - begin < 3


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
        (_with_labels(_concept("one"), "en", "x1", "x2", "x3"), "3 labels in en, at least 4 are needed"),
        (_with_labels(_concept("one"), "hu", "x1"), "1 labels in hu, at least 2 are needed"),
        (_with_labels(_concept("one"), "hu", "x1", "’"), "empty label in hu"),
        (_with_labels(_concept("one"), "hu", "x1", "x1"), "label 'x1' stands twice in hu"),
        (_with_labels(_concept("one"), "hu", "x1", "x  2"), "label 'x  2' in hu has a space too many"),
        (_with_labels(_concept("one"), "hu", "x1", "x\u200e2"), "label 'x\\u200e2' in hu has an invisible character"),
        (
            _with_labels(_concept("one"), "hu", "x1", "False"),
            "label 'False' in hu was read by YAML as a constant, put it in quotes",
        ),
        (
            _with_labels(_concept("one"), "en", "x1", "x2", "x3", "I would like to"),
            "label 'I would like to' in en has nothing but function words",
        ),
        (_with_labels(_concept("one"), "xq9", "x1", "x2"), "'xq9' is not a BCP-47 language tag"),
        (_with_hidden(_concept("one"), "xq9", "x1"), "'xq9' is not a BCP-47 language tag"),
        (_with_hidden(_concept("one"), "nl", "x1"), "hidden labels in nl, but no label to show for them"),
        (_with_hidden(_concept("one"), "hu"), "an empty list of hidden labels in hu"),
        (_with_hidden(_concept("one"), "hu", "’"), "hidden label '’' in hu is empty"),
        (_with_hidden(_concept("one"), "hu", "x1", "x1"), "hidden label 'x1' stands twice in hu"),
        (
            _with_hidden(_concept("one"), "hu", "label one hu a"),
            "'label one hu a' is a label and a hidden label in hu",
        ),
    ],
)
def test_a_broken_concept_is_found(concept: Concept, finding: str) -> None:
    assert validate(_thesaurus(concept)) == [f"one: {finding}"]


@pytest.mark.parametrize("language", MANDATORY_LANGUAGES)
def test_a_missing_language_is_found(language: str) -> None:
    concept = _concept("one")
    without = MappingProxyType({tag: labels for tag, labels in concept.labels.items() if tag != language})
    assert validate(_thesaurus(replace(concept, labels=without))) == [f"one: no labels in {language}"]


@pytest.mark.parametrize(
    ("language", "label", "finding"),
    [
        ("ka", "muschaoba", "has no Georgian letter"),
        ("ti", "smrah", "has no Ethiopic letter"),
        ("hi", "kaam chahiye", "has no Devanagari letter"),
        ("ar", "shughl", "has no Arabic letter"),
        ("fa", "shoghl", "has no Arabic letter"),
        ("ur", "naukri", "has no Arabic letter"),
        ("uk", "robota", "has no Cyrillic letter"),
        ("ru", "rabota", "has no Cyrillic letter"),
        ("bg", "rabota", "has no Cyrillic letter"),
        ("ky", "jumush", "has no Cyrillic letter"),
        ("zh", "gongzuo", "has no Cjk letter"),
        ("pl", "praca работа", "has letters of a foreign script, Cyrillic"),
        ("ka", "работа სამუშაო", "has letters of a foreign script, Cyrillic"),
        ("ru", "pабота", "mixes two scripts in one word, look for a letter of the wrong keyboard"),
        ("sr", "rаdnik", "mixes two scripts in one word, look for a letter of the wrong keyboard"),
    ],
)
def test_a_label_in_the_wrong_script_is_found(language: str, label: str, finding: str) -> None:
    concept = _concept("one")
    wrong = _with_labels(concept, language, *concept.labels[language], label)
    assert validate(_thesaurus(wrong)) == [f"one: label {label!r} in {language} {finding}"]


@pytest.mark.parametrize(
    ("language", "label"),
    [
        ("ru", "ZAB"),
        ("ti", "A1"),
        ("ar", "TELC B2"),
        ("ka", "LABEL one de a"),
        ("hi", "IT नौकरी"),
        ("zh", "ZAB评估"),
        ("uk", "IT-фахівець"),
        ("fa", "می\u200cخواهم کار"),
        ("ku", "کار"),
        ("ku", "karê min"),
        ("sr", "радник"),
        ("uz", "oʻqish"),
    ],
)
def test_abbreviations_words_heard_in_german_and_second_scripts_are_no_findings(language: str, label: str) -> None:
    concept = _concept("one")
    assert validate(_thesaurus(_with_labels(concept, language, *concept.labels[language], label))) == []


def test_hidden_labels_may_be_in_any_script() -> None:
    assert validate(_thesaurus(_with_hidden(_concept("one"), "ar", "tajdid iqama"))) == []


def test_a_vietnamese_word_is_no_function_word_because_of_its_tones() -> None:
    """Folded, "chỗ ở" (a place to live) is "cho o", two function words."""
    concept = _concept("one")
    assert validate(_thesaurus(_with_labels(concept, "vi", *concept.labels["vi"], "chỗ ở"))) == []


def test_a_cycle_of_broader_concepts_is_found_on_each_of_its_concepts() -> None:
    one, two = replace(_concept("one"), broader=("two",)), replace(_concept("two"), broader=("one",))
    findings = validate(_thesaurus(one, two))
    assert findings == ["one: broader concepts form a cycle", "two: broader concepts form a cycle"]


def test_a_concept_above_that_is_also_related_is_found() -> None:
    one = replace(_concept("one"), broader=("two",), related=("two",))
    findings = validate(_thesaurus(one, _concept("two")))
    assert findings == ["one: 'two' is broader and related at once, keep one of the two"]


def test_one_label_on_two_unrelated_concepts_is_found_after_folding() -> None:
    one = _with_labels(_concept("one"), "hu", "Prüfung", "x1")
    two = _with_labels(_concept("two"), "hu", "PRUEFUNG", "x2")
    assert validate(_thesaurus(one, two)) == ["two: label 'PRUEFUNG' is also 'Prüfung' of the unrelated one"]
    assert validate(_thesaurus(one, replace(two, related=("one",)))) == []
    assert validate(_thesaurus(one, replace(two, broader=("one",)))) == []


def test_the_turtle_export_holds_every_label_in_its_language(thesaurus: Thesaurus, graph: Graph) -> None:
    def literals(concept: Concept, predicate: URIRef) -> set[tuple[str, str | None]]:
        found = graph.objects(URIRef(DEFAULT_BASE + concept.id), predicate)
        return {(str(each), each.language) for each in found if isinstance(each, Literal)}

    for concept in thesaurus.values():
        assert literals(concept, SKOS.prefLabel) == {(labels[0], tag) for tag, labels in concept.labels.items()}
        further = {(label, tag) for tag, labels in concept.labels.items() for label in labels[1:]}
        assert literals(concept, SKOS.altLabel) == further
        hidden = {(label, tag) for tag, labels in concept.hidden.items() for label in labels}
        assert literals(concept, SKOS.hiddenLabel) == hidden
        assert literals(concept, SKOS.definition) == {(concept.definition, "de")}
        assert literals(concept, SKOS.notation) == {(concept.id, None)}


def test_the_turtle_export_holds_every_concept_and_relation_both_ways(thesaurus: Thesaurus, graph: Graph) -> None:
    def pairs(predicate: URIRef) -> set[tuple[str, str]]:
        found = graph.subject_objects(predicate)
        return {(str(one).removeprefix(DEFAULT_BASE), str(other).removeprefix(DEFAULT_BASE)) for one, other in found}

    broader = {(concept.id, target) for concept in thesaurus.values() for target in concept.broader}
    related = {(concept.id, target) for concept in thesaurus.values() for target in concept.related}
    audiences = {(concept.id, f"audience/{concept.audience}") for concept in thesaurus.values() if concept.audience}
    everything = {(concept_id, "") for concept_id in thesaurus}
    assert set(graph.subjects(RDF.type, SKOS.Concept)) == {URIRef(DEFAULT_BASE + name) for name in thesaurus}
    assert list(graph.subjects(RDF.type, SKOS.ConceptScheme)) == [URIRef(DEFAULT_BASE)]
    assert pairs(SKOS.inScheme) == everything
    assert pairs(SKOS.topConceptOf) == {(concept.id, "") for concept in thesaurus.values() if not concept.broader}
    assert pairs(SKOS.broader) == broader
    assert pairs(SKOS.narrower) == {(target, concept_id) for concept_id, target in broader}
    assert pairs(SKOS.related) == related | {(target, concept_id) for concept_id, target in related}
    assert pairs(DCTERMS.audience) == audiences


def test_the_turtle_export_begins_its_addresses_as_told_and_refuses_what_is_none() -> None:
    one = _thesaurus(_concept("one"))
    exported = Graph().parse(data=thesaurus_turtle(one, "https://topics.example/#"), format="turtle")
    assert list(exported.subjects(RDF.type, SKOS.Concept)) == [URIRef("https://topics.example/#one")]
    assert thesaurus_turtle(one) == thesaurus_turtle(one)
    for base in ("", "topics/", "https://topics.example", "https://topics.example/a b/"):
        with pytest.raises(BaseRefused):
            thesaurus_turtle(one, base)


def test_near_labels_of_unrelated_concepts_are_found_in_any_language_and_word_order() -> None:
    one = _with_labels(_concept("one"), "hu", "Anerkennungsverfahren Krankenschwester", "x1")
    two = _with_labels(_concept("two"), "ro", "krankenschwester anerkennungsverfahren", "x2")
    near = [pair for pair in near_labels(_thesaurus(one, two)) if pair.first.text == one.labels["hu"][0]]
    assert [(pair.nearness, pair.second.concept, pair.second.language) for pair in near] == [(1.0, "two", "ro")]
    close = near_labels(_thesaurus(one, replace(two, related=("one",))))
    assert close == []


def test_no_near_pair_is_lost_by_looking_at_rare_ngrams_only() -> None:
    """With a threshold next to nothing every pair is compared; the ones above must be those found at once."""
    both = _thesaurus(_concept("one"), _concept("two"))
    all_pairs = near_labels(both, least=0.01)
    assert [pair for pair in all_pairs if pair.nearness > 0.9] == [
        pair for pair in near_labels(both, least=0.9) if pair.nearness > 0.9
    ]
    assert len(all_pairs) > len(near_labels(both, least=0.9)) > 0


def test_the_report_names_thin_spots_as_text_and_as_json() -> None:
    hidden = replace(_concept("two"), hidden=MappingProxyType({"de": ("Lable",)}))
    thin = _with_labels(_with_labels(_concept("one"), "hu", "munka", "állás"), "vi", "chỗ ở", "nhà", "thuê", "phòng")
    spots = thin_spots(_thesaurus(thin, hidden))
    by_language = {each.language: each for each in spots.languages}
    assert [each.words for each in spots.languages] == sorted(each.words for each in spots.languages)
    assert set(by_language) == set(MANDATORY_LANGUAGES)
    hungarian = by_language["hu"]
    assert (hungarian.labels, hungarian.fewest, hungarian.median) == (6, 2, 3.0)
    assert hungarian.at_the_minimum == ("one",)
    assert (by_language["de"].hidden_labels, by_language["de"].without_hidden_labels) == (1, 1)
    assert by_language["vi"].function_words_only == ("chỗ ở",)
    text, read = as_text(spots), json.loads(as_json(spots))
    assert "2 concepts, 206 labels in 26 languages" in text
    assert "hu  one" in text
    assert [each["language"] for each in read["languages"]] == [each.language for each in spots.languages]
    assert len(read["near_pairs"]) <= 50 <= read["near_pairs_found"]


def test_the_command_checks_a_folder_and_ends_with_1_on_findings(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", "--folder", str(_written(tmp_path))])
    assert result.exit_code == 1
    assert "one: no labels in en\n" in result.stdout
    assert "25 findings" in result.stderr


def test_the_command_finds_nothing_in_what_ships(thesaurus: Thesaurus) -> None:
    result = CliRunner().invoke(app, ["check"])
    assert (result.exit_code, result.stdout.startswith(f"{len(thesaurus)} concepts, 26 languages")) == (0, True)


def test_the_command_exports_nothing_that_has_findings(tmp_path: Path) -> None:
    output = tmp_path / "a.ttl"
    result = CliRunner().invoke(app, ["export", "--folder", str(_written(tmp_path)), "--output", str(output)])
    assert (result.exit_code, output.exists()) == (1, False)


def test_the_command_shows_a_concept_and_names_near_ones_for_an_unknown_one() -> None:
    shown = CliRunner().invoke(app, ["show", "work-visa"])
    assert (shown.exit_code, "skilled-immigration" in shown.stdout, "Arbeitsvisum" in shown.stdout) == (0, True, True)
    unknown = CliRunner().invoke(app, ["show", "work-visas"])
    assert isinstance(unknown.exception, CliError)
    assert "did you mean work-visa" in str(unknown.exception)


def test_the_command_reports_on_a_folder(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["report", "--json", "--folder", str(_written(tmp_path))])
    assert (result.exit_code, json.loads(result.stdout)["concepts"]) == (0, 1)


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
