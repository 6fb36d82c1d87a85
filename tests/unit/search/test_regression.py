"""The judge of questions learns which n-grams tell concepts apart."""

import numpy as np
import pytest

from services.search.understanding.centroids import build_centroids
from services.search.understanding.ngram_judge import Example
from services.search.understanding.regression import build_regression

PLEA = ("bitte", "helfen", "sie", "mir")
EXAMPLES: list[Example] = [
    *(("housing", (*PLEA, word)) for word in ("wohnung", "wohnungen", "mietwohnung", "miete") * 6),
    *(("wages", (*PLEA, word)) for word in ("lohn", "lohnzettel", "stundenlohn", "gehalt") * 6),
    *(("chatter", PLEA) for _ in range(40)),
]


def test_what_tells_concepts_apart_outweighs_what_is_said_of_all() -> None:
    judge = build_regression(EXAMPLES)
    assert judge.concepts == ("chatter", "housing", "wages")
    for word, concept in (("wohnungssuche", "housing"), ("löhne", "wages")):
        found = judge.probabilities((*PLEA, word, "lohn" if concept == "wages" else "wohnung"))
        assert judge.concepts[int(found.argmax())] == concept
        assert found.sum() == pytest.approx(1.0)
    assert judge.concepts[int(judge.probabilities(PLEA).argmax())] == "chatter"


def test_the_same_examples_give_the_same_judge() -> None:
    first, second = (build_regression(EXAMPLES).probabilities(("bitte", "miete")) for _ in range(2))
    assert np.array_equal(first, second)


def test_nothing_learned_says_nothing() -> None:
    assert len(build_regression(()).probabilities(("wohnung",))) == 0
    assert not build_regression(EXAMPLES).probabilities(("漢字",)).any()
    assert not build_regression([("one", ("alone",))]).probabilities(("alone",)).any()


def test_of_many_weights_the_largest_are_kept() -> None:
    whole, small = build_regression(EXAMPLES), build_regression(EXAMPLES, 40)
    assert len(small.state.entries) <= 40 < len(whole.state.entries)
    assert small.concepts[int(small.probabilities(("lohn",)).argmax())] == "wages"


def test_words_of_which_no_weight_was_kept_say_nothing() -> None:
    assert not build_regression(EXAMPLES, 1).probabilities(PLEA).any()


def test_it_keeps_what_centroids_keep() -> None:
    assert build_regression(EXAMPLES).state.vocabulary == build_centroids(EXAMPLES).state.vocabulary
