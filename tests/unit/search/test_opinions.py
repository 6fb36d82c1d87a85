"""Second opinions: two judges are mixed, and each stands in where the other knows nothing."""

from collections.abc import Sequence

import numpy as np
import pytest

from services.search.understanding.classifier import ConceptClassifier, ConceptModel
from services.search.understanding.encoder import DIMENSIONS, Vectors
from services.search.understanding.opinions import SecondOpinions, Values
from services.search.understanding.regression import build_regression

CONCEPTS = ("both", "encoded", "neither", "said")
OWN = np.array([0.2, 0.2, 0.2, 0.2])
JUDGE = build_regression([(concept, (concept, "word")) for concept in ("both", "said") for _ in range(9)])


class Fixed:
    """An encoder for which every text is the same, so that a bias alone decides."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        vectors[:, 0] = 1.0
        return vectors


class TellsOfTwo:
    """An encoder for which the clause "two" alone says something."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row, 1 if text == "two" else 0] = 1.0
        return vectors


def classifier(**shares: float) -> ConceptClassifier:
    names = tuple(sorted(shares))
    zeros = np.zeros((len(names), DIMENSIONS), dtype=np.float32)
    bias = np.log(np.array([shares[name] for name in names], dtype=np.float32))
    return ConceptClassifier(Fixed(), ConceptModel(names, zeros, bias, np.zeros(DIMENSIONS, dtype=np.float32), ""))


def advised(opinions: SecondOpinions, own: Values = OWN, *words: str) -> dict[str, float]:
    advice = opinions.on_question("text", words or ("both",), own, lambda text: (text,))
    assert advice is not None
    return dict(zip(CONCEPTS, advice.values.tolist(), strict=True))


def test_each_concept_is_judged_by_those_who_learned_it() -> None:
    encoder = classifier(both=0.25, encoded=0.75)
    together = advised(SecondOpinions(CONCEPTS, encoder, JUDGE))
    encoded_alone = advised(SecondOpinions(CONCEPTS, encoder, None))
    assert together["neither"] == encoded_alone["neither"] == encoded_alone["said"] == pytest.approx(0.2)
    assert together["encoded"] == encoded_alone["encoded"] > 0.2
    likely = JUDGE.probabilities(("both",))[0] ** 0.35
    assert together["both"] == pytest.approx(0.2 + 0.65 * (0.6 * 0.5 + 0.4 * likely - 0.2), abs=1e-4)
    assert together["both"] > encoded_alone["both"]


def test_the_judge_by_n_grams_alone_counts_half() -> None:
    alone = advised(SecondOpinions(CONCEPTS, None, JUDGE))
    likely = JUDGE.probabilities(("both",))[0] ** 0.35
    assert alone["both"] == pytest.approx(0.2 + 0.5 * (likely - 0.2))
    assert alone["encoded"] == alone["neither"] == pytest.approx(0.2)


def test_nobody_is_asked_when_the_linker_is_sure_and_nobody_answers_who_knows_nothing() -> None:
    asked = SecondOpinions(CONCEPTS, classifier(both=0.5, encoded=0.5), JUDGE)
    assert asked.on_question("text", ("both",), np.array([0.9, 0.1, 0.1, 0.1]), lambda text: (text,)) is None
    strangers = SecondOpinions(("else", "other"), None, JUDGE)
    assert strangers.on_question("text", ("both",), OWN[:2], lambda text: (text,)) is None
    assert SecondOpinions(CONCEPTS, None, JUDGE).on_question("text", ("漢字",), OWN, lambda text: (text,)) is None


def test_the_clauses_of_a_story_that_is_left_unsure_are_read_by_the_classifier() -> None:
    names = ("both", "encoded", *(f"further{number:02}" for number in range(48)))
    weights = np.zeros((len(names), DIMENSIONS), dtype=np.float32)
    weights[names.index("encoded"), 1] = 20.0
    model = ConceptModel(names, weights, weights[:, 0], weights[0], "")
    opinions = SecondOpinions(CONCEPTS, ConceptClassifier(TellsOfTwo(), model), None)
    values = []
    for parts in (("text",), ("one", "two")):
        advice = opinions.on_question("text", (), np.zeros(4), lambda _, parts=parts: parts)
        assert advice is not None
        assert [step.name for step in advice.steps] == ["encoder"]
        values.append(dict(zip(CONCEPTS, advice.values.tolist(), strict=True)))
    whole, apart = values
    assert whole["encoded"] == whole["both"] < 0.3
    assert apart["encoded"] == pytest.approx(0.65 * 0.9, abs=1e-3)
    assert apart["both"] == whole["both"]


def test_what_is_no_topic_is_more_probable_than_each_of_its_categories() -> None:
    names, own = ("both", "~joke", "~weather"), np.full(3, 0.2)
    shares = {"both": 0.4, "~joke": 0.3, "~off-topic": 0.2, "~weather": 0.1}
    advice = SecondOpinions(names, classifier(**shares), None).on_question("text", ("word",), own, lambda text: (text,))
    assert advice is not None
    # Together .6: the means with it are .45 and .35.
    roots = np.sqrt([0.4, 0.45, 0.35])
    assert advice.values == pytest.approx(0.2 + 0.65 * (roots - 0.2), abs=1e-3)

    said = build_regression([(name, ("word",)) for name, share in shares.items() for _ in range(round(100 * share))])
    probable = dict(zip(said.concepts, said.probabilities(("word",)).tolist(), strict=True))
    together = probable["~joke"] + probable["~off-topic"] + probable["~weather"]
    expected = [probable["both"], *((probable[name] + together) / 2 for name in names[1:])]
    advice = SecondOpinions(names, None, said).on_question("text", ("word",), own, lambda text: (text,))
    assert advice is not None
    assert advice.values == pytest.approx(0.2 + 0.5 * (np.power(expected, 0.35) - 0.2))
