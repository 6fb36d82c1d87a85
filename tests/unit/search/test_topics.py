"""Topics of offers: learned from what providers write, helped by labels; the data they are learned from."""

import re
from collections.abc import Callable, Iterable
from itertools import permutations
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.domain.offers import CLEAR_TOPIC
from services.search.tagging import OFFER_CODE
from services.search.thesaurus import Concept, Thesaurus, load_thesaurus
from services.search.understanding import Understander, build_understander, load_places, topics
from services.search.understanding.centroids import build_centroids
from services.search.understanding.compiled import compiled_judge
from services.search.understanding.descriptions import descriptions, offer_examples, offer_sources
from services.search.understanding.linker import build_linker
from services.search.understanding.ngram_judge import Example, NGramJudge
from services.search.understanding.placing import Placing
from services.search.understanding.regression import build_regression
from services.search.understanding.spellings import indexed_labels, question_sources, sources
from services.search.understanding.topics import TopicFinder
from services.search.understanding.utterances import utterances
from services.search.understanding.words import WordReader

EXAMPLES: list[Example] = [
    ("housing", ("wohnung", "suchen", "beratung")),
    ("housing", ("miete", "wohnung")),
    ("wages", ("lohn", "beratung")),
    ("wages", ("lohn", "chef", "zahlt")),
]
LEAST_DESCRIPTIONS = 10


@pytest.fixture(scope="module")
def understander() -> Understander:
    return build_understander()


def test_a_text_is_most_probably_about_what_texts_like_it_are() -> None:
    centroids = build_centroids(EXAMPLES)
    assert centroids.concepts == ("housing", "wages")
    for text, concept in ((("wohnungen",), "housing"), (("der", "lohn"), "wages")):
        found = centroids.probabilities(text)
        assert centroids.concepts[int(found.argmax())] == concept
        assert found.sum() == pytest.approx(1.0)


def test_what_is_said_of_all_alike_tells_nothing() -> None:
    found = build_centroids(EXAMPLES).probabilities(("beratung",))
    assert found.max() < 0.7 < build_centroids(EXAMPLES).probabilities(("beratung", "lohn")).max()


def test_the_order_of_the_examples_does_not_matter() -> None:
    asked = ("wohnung", "lohn", "zahlt")
    first, *others = (build_centroids(order).probabilities(asked) for order in permutations(EXAMPLES))
    assert all(np.allclose(other, first) for other in others)


@given(st.lists(st.text(max_size=12), max_size=6).map(tuple))
def test_any_words_get_probabilities_or_none_at_all(words: tuple[str, ...]) -> None:
    found = build_centroids(EXAMPLES).probabilities(words)
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1.0) or not found.any()


def test_words_that_no_example_has_say_nothing() -> None:
    assert not build_centroids(EXAMPLES).probabilities(("漢字",)).any()
    assert len(build_centroids(()).probabilities(("wohnung",))) == 0


def test_kept_centroids_equal_fresh_ones_and_broken_ones_are_made_anew(tmp_path: Path) -> None:
    source = tmp_path / "texts.yaml"
    source.write_text("one")

    def kept(examples: Callable[[], list[Example]]) -> NGramJudge:
        return compiled_judge("offers", [source], examples, tmp_path / "kept")

    def never() -> list[Example]:
        raise AssertionError("the kept centroids should have been read")

    asked = ("wohnung", "lohn")
    made = kept(lambda: EXAMPLES).probabilities(asked)
    assert np.array_equal(kept(never).probabilities(asked), made)
    (file,) = (tmp_path / "kept").iterdir()
    file.write_bytes(file.read_bytes()[:-200])
    assert np.array_equal(kept(lambda: EXAMPLES).probabilities(asked), made)
    source.write_text("two")
    assert kept(list).concepts == ()
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_a_concept_without_descriptions_keeps_what_its_labels_say() -> None:
    labels = {"housing": "wohnung", "wages": "lohn", "tax": "steuererklärung"}
    concepts = {
        name: Concept(name, (), (), "…", MappingProxyType({"de": (label,)}), MappingProxyType({}))
        for name, label in labels.items()
    }
    thesaurus = Thesaurus(MappingProxyType(concepts))
    plain = Understander(thesaurus, load_places())
    learned = Understander(thesaurus, load_places(), offer_judge=build_centroids(EXAMPLES))

    def weights(understander: Understander) -> dict[str, float]:
        return {topic.id: topic.weight for topic in understander.topics_of("Steuererklärung", "Der Chef zahlt nicht")}

    assert "wages" not in weights(plain)
    assert "wages" in weights(learned)
    assert weights(learned)["tax"] == weights(plain)["tax"]


@pytest.mark.parametrize(
    ("title", "language", "topic"),
    [
        ("Пошук житла", "uk", "housing"),
        ("Labour law advice", "en", "labour-law"),
        ("Mieterberatung", "de-DE", "tenancy-law"),
    ],
)
def test_an_offer_in_another_language_is_judged_by_labels_where_centroids_know_no_word(
    understander: Understander, title: str, language: str, topic: str
) -> None:
    assert topic in {link.id for link in understander.topics_of(title, "", language)[:2]}


def test_a_judge_that_says_nothing_or_does_not_know_a_concept_does_not_halve_the_others_word() -> None:
    thesaurus = Thesaurus(
        MappingProxyType(
            {
                name: Concept(name, (), (), "…", MappingProxyType({"de": (label,)}), MappingProxyType({}))
                for name, label in (("housing", "quartier"), ("wages", "entgelt"))
            }
        )
    )
    reader = WordReader(load_places())
    linker = build_linker(indexed_labels(thesaurus, reader.topical), reader.stop_words)
    centroids = build_centroids([("housing", ("wohnung", "suchen")), ("housing", ("wohnung",))])
    finder = TopicFinder(linker, thesaurus, reader.topical, centroids)

    def weights(text: str, **said: float) -> dict[str, float]:
        placed = Placing(tuple(said), linker.concepts)
        found = finder.find(text, "", (placed(np.array(list(said.values()))), placed.known))
        return {link.label.concept_id: link.score for link in found}

    assert weights("xyz", housing=0.5, wages=0.5)["housing"] == pytest.approx(0.5**0.35, abs=1e-3)
    assert weights("wohnung", wages=0.6)["housing"] == 1.0
    assert weights("wohnung", wages=0.6)["wages"] == pytest.approx(0.6**0.35, abs=1e-3)


def test_a_likely_topic_is_clear_when_the_title_says_its_label_and_an_unlikely_one_is_not() -> None:
    labels = {"debt": "Schuldnerberatung", "loan": "Schuldnerberatung", "tax": "Steuererklärung"}
    thesaurus = Thesaurus(
        MappingProxyType(
            {
                name: Concept(name, (), (), "…", MappingProxyType({"de": (label,)}), MappingProxyType({}))
                for name, label in labels.items()
            }
        )
    )
    reader = WordReader(load_places())
    linker = build_linker(indexed_labels(thesaurus, reader.topical), reader.stop_words)
    finder = TopicFinder(linker, thesaurus, reader.topical)

    def weights(title: str, text: str, **said: float) -> dict[str, float]:
        opinion = np.array([said.get(name, 0.0) for name in linker.concepts]), np.ones(len(linker.concepts), dtype=bool)
        return {link.label.concept_id: link.score for link in finder.find(title, text, opinion)}

    said = {"debt": 0.15, "loan": 0.15, "tax": 0.08}
    titled = weights("Schuldnerberatung und Steuererklärung", "", **said)
    assert titled["debt"] == titled["loan"] == CLEAR_TOPIC, "a label of two topics is quoted for both"
    assert titled["tax"] < CLEAR_TOPIC
    in_the_text = weights("", "Schuldnerberatung. Steuererklärung.", **said)
    assert in_the_text["debt"] == in_the_text["loan"] < CLEAR_TOPIC


@pytest.mark.parametrize("title", ["Sprechstunde am Morgen", "Lesekreis am Abend"])
def test_a_text_that_says_nothing_has_no_topic(understander: Understander, title: str) -> None:
    assert understander.topics_of(title, "") == ()


@pytest.mark.parametrize(
    ("named", "modules"),
    [
        ((*sources(), *offer_sources(), *OFFER_CODE), ("topics", "opinions")),
        (question_sources(), ("spellings", "regression", "ngram_judge", "fold", "readings")),
    ],
    ids=["topics", "questions"],
)
def test_all_that_decides_is_named_in_the_fingerprint(named: Iterable[Path], modules: Iterable[str]) -> None:
    folder = Path(topics.__file__).parent
    stems = {file.stem for file in named}
    for module in modules:
        imported = re.findall(
            r"from services\.search\.understanding\.(\w+) import", (folder / f"{module}.py").read_text()
        )
        assert {module, *imported} - {"model", "classifier", "encoder"} <= stems


def test_without_the_encoder_what_people_say_advises_on_an_unsure_question() -> None:
    said = build_regression(
        [
            *2 * [("wages", ("seit", "monaten", "kommt", "kein", "geld")), ("wages", ("kein", "geld", "lohn"))],
            *2 * [("housing", ("zimmer", "und", "miete")), ("housing", ("wohnung", "und", "keller"))],
        ]
    )
    other = Concept("housing", (), (), "…", MappingProxyType({"de": ("geld wohnung miete",)}), MappingProxyType({}))
    wages = Concept("wages", (), (), "…", MappingProxyType({"de": ("lohn geld",)}), MappingProxyType({}))
    thesaurus = Thesaurus(MappingProxyType({"housing": other, "wages": wages}))
    alone = Understander(thesaurus, load_places())
    advised = Understander(thesaurus, load_places(), question_judge=said)

    def steps(understander: Understander, question: str) -> set[str]:
        return {step.name for step in understander.understand(question).trace}

    story = "monaten kommt irgendwie gar kein geld herein bitte"
    assert "n-grams" in steps(advised, story)
    assert "n-grams" not in steps(alone, story) | steps(advised, "lohn geld") | steps(advised, "zwirbel")
    assert _weight_of("wages", advised, story) > _weight_of("wages", alone, story)


def _weight_of(concept: str, understander: Understander, question: str) -> float:
    understood = understander.understand(question)
    return max(
        (link.weight for link in (*understood.concepts, *understood.suggestions) if link.id == concept), default=0
    )


@pytest.mark.parametrize(
    ("title", "text", "topic"),
    [
        (
            "Kompass",
            "Post vom Amt, und es ist zu wenig? Wir rechnen nach und legen mit Ihnen Widerspruch ein.",
            "social-law",
        ),
        (
            "Unterwegs im Muldental",
            "Prüfung in vielen Sprachen, Umschreibung der Karte aus dem Ausland.",
            "driving-licence",
        ),
        (
            "Haus der Stille",
            "Wenn Schlaf und Kraft fehlen: Gespräche mit Therapeutin und Dolmetscher.",
            "mental-health",
        ),
    ],
)
def test_an_offer_is_found_by_what_it_does_though_it_names_no_topic(
    understander: Understander, title: str, text: str, topic: str
) -> None:
    assert topic in {link.id for link in understander.topics_of(title, text)[:3]}


def test_every_topic_is_described_and_no_description_stands_twice() -> None:
    described: dict[str, list[str]] = {}
    for concept, text in descriptions():
        assert text.strip() == text != "", concept
        described.setdefault(concept, []).append(text)
    texts = [text for several in described.values() for text in several]
    assert described.keys() == load_thesaurus().keys()
    assert min(map(len, described.values())) >= LEAST_DESCRIPTIONS
    assert len(set(texts)) == len(texts)


def test_offers_are_learned_from_german_alone_and_from_known_topics() -> None:
    thesaurus = load_thesaurus()
    examples = offer_examples(thesaurus)
    german = {text for _, language, text in utterances() if language == "de"}
    assert {concept for concept, _ in examples} == set(thesaurus)
    assert {text for _, text in examples} >= {text for _, text in descriptions()}
    assert not {text for _, text in examples} & {text for _, _, text in utterances() if text not in german}
