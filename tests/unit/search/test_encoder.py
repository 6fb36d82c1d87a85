"""The second opinion: how near a question is to the labels, by vectors that ship; tried with an encoder of our own."""

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from services.search.thesaurus import Concept, Thesaurus, load_thesaurus
from services.search.understanding import Understander, load_places
from services.search.understanding.encoder import ConceptVectors, LabelVectors, Vectors, label_key, load_vectors
from services.search.understanding.vectors import encoded, labels_of, make_vectors, save_vectors

LETTERS = "abcdefghijklmnopqrstuvwxyz"
LABELS = [("housing", "flat"), ("housing", "rented room"), ("wages", "pay"), ("wages", "salary")]


class Letters:
    """An encoder that counts letters: what shares letters is near."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        counts = np.array([[text.count(letter) for letter in LETTERS] for text in texts], dtype=np.float32)
        return np.asarray(counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1), dtype=np.float32)


def made(labels: Sequence[str]) -> LabelVectors:
    return make_vectors(labels, Letters().encode(labels), dimensions=20)


@pytest.fixture
def vectors() -> LabelVectors:
    return made([label for _, label in LABELS])


def test_labels_are_found_by_their_text_and_others_are_not(vectors: LabelVectors) -> None:
    rows = vectors.find(["pay", "unheard of", "flat"])
    assert rows[1] == -1
    assert vectors.keys[rows[[0, 2]]].tolist() == [label_key("pay"), label_key("flat")]
    assert vectors.keys.tolist() == sorted(vectors.keys.tolist())


def test_without_any_vector_nothing_is_found() -> None:
    empty = LabelVectors(
        np.zeros(0, np.uint64), np.zeros((0, 2), np.int8), np.zeros(26, np.float32), np.zeros((26, 2), np.float32)
    )
    assert empty.find(["pay"]).tolist() == [-1]
    opinion = ConceptVectors(Letters(), empty, LABELS)
    assert opinion.concepts == ()
    assert opinion.scores(["pay"]).shape == (1, 0)


def test_a_text_like_a_label_is_nearest_to_its_concept(vectors: LabelVectors) -> None:
    opinion = ConceptVectors(Letters(), vectors, LABELS)
    assert opinion.concepts == ("housing", "wages")
    scores = opinion.scores(["flat", "salary"])
    assert scores.shape == (2, 2)
    assert scores.argmax(axis=1).tolist() == [0, 1]
    assert scores.max(axis=1) == pytest.approx([1.0, 1.0], abs=0.02)
    assert np.abs(scores).max() <= 1.001


def test_labels_without_a_vector_do_not_vote_and_their_concept_is_left_out(vectors: LabelVectors) -> None:
    more = [*LABELS, ("wages", "no vector"), ("tax", "none either")]
    opinion = ConceptVectors(Letters(), vectors, more)
    assert opinion.concepts == ("housing", "wages")
    assert np.array_equal(opinion.scores(["pay"]), ConceptVectors(Letters(), vectors, LABELS).scores(["pay"]))


@pytest.mark.parametrize("text", ["", "\0", "\ud800", "漢字"])
def test_a_text_the_encoder_can_say_nothing_about_has_finite_scores(vectors: LabelVectors, text: str) -> None:
    assert np.isfinite(ConceptVectors(Letters(), vectors, LABELS).scores([text])).all()


def test_what_is_written_is_read_again(vectors: LabelVectors, tmp_path: Path) -> None:
    save_vectors(vectors, tmp_path / "vectors.npz")
    read = load_vectors(tmp_path / "vectors.npz")
    assert np.array_equal(read.keys, vectors.keys)
    assert np.array_equal(read.rows, vectors.rows)
    before = ConceptVectors(Letters(), vectors, LABELS).scores(["rooms"])
    assert ConceptVectors(Letters(), read, LABELS).scores(["rooms"]) == pytest.approx(before, abs=0.01)


def test_a_missing_or_broken_file_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "vectors.npz"
    with pytest.raises(OSError, match=r"vectors\.npz"):
        load_vectors(broken)
    broken.write_bytes(b"no archive")
    with pytest.raises(ValueError):  # noqa: PT011 - numpy's own words
        load_vectors(broken)


def test_the_cache_saves_labels_that_stay_from_being_encoded_again(tmp_path: Path) -> None:
    first, second, cache = Letters(), Letters(), tmp_path / "cache.npz"
    full = encoded(["flat", "pay"], first, cache)
    again = encoded(["pay", "salary"], second, cache)
    assert (first.asked, second.asked) == (["flat", "pay"], ["salary"])
    assert again[0] == pytest.approx(full[1], abs=0.001)


def test_only_an_unsure_question_is_put_to_the_encoder_and_it_can_decide() -> None:
    labels = {"housing": ("wohnung",), "wages": ("lohn",), "tax": ("wohnungsgeld", "lohnsteuer")}
    concepts = {
        name: Concept(name, (), (), "…", MappingProxyType({"de": texts}), MappingProxyType({}))
        for name, texts in labels.items()
    }
    thesaurus, encoder = Thesaurus(MappingProxyType(concepts)), Letters()
    pairs = [(name, label) for name, texts in labels.items() for label in texts]
    opinion = ConceptVectors(encoder, made([label for _, label in pairs]), pairs)
    with_encoder = Understander(thesaurus, load_places(), vectors=opinion)
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


def test_every_label_that_ships_has_a_vector() -> None:
    labels = labels_of(load_thesaurus())
    rows = load_vectors().find([label for _, label in labels])
    missing = [label for label, row in zip(labels, rows, strict=True) if row < 0]
    assert missing == [], "the thesaurus has changed: run `make vectors` and commit label_vectors.npz"
