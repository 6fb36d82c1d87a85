"""How a question was understood, told step by step in the caller's language, and how that reaches the caller."""

import re
from datetime import date
from pathlib import Path

from lotse.search.v1 import search_service_pb2
from services.common.names import RegionId
from services.search.convert.answers import search_response
from services.search.convert.requests import search_request
from services.search.domain.offers import OfferKey
from services.search.domain.questions import Question, ScorePart
from services.search.domain.searching import Hit, SearchAnswer, SearchRequest, UnderstandingStep, Understood
from services.search.handlers.understanding_steps import understanding_steps
from services.search.sentences import load_sentences
from services.search.understanding import opinions, understand
from services.search.understanding.model import TraceStep, Understanding

TODAY = date(2026, 11, 2)
SENTENCES = load_sentences()


def understood(*trace: TraceStep) -> Understanding:
    return Understanding("Wort", "wort", "de", 0.9, ("wort",), (), (), None, (), (), True, trace=trace)


def told(question: Question, *trace: TraceStep, language: str = "en") -> dict[str, str]:
    return {step.name: step.found for step in understanding_steps(understood(*trace), question, language, SENTENCES)}


def test_steps_stand_in_the_order_in_which_they_were_taken() -> None:
    question = Question(
        TODAY,
        words="Wort",
        topics=(("recognition", 0.91), ("study", 0.3)),
        german_words=(("anerkennung", 0.8),),
        audience="AUDIENCE_COMPANY",
        districts=("14612", "14713"),
    )
    steps = told(question, TraceStep("words", "wort"), TraceStep("linked", "recognition 0.91"))
    assert list(steps.items()) == [
        ("Folded", "wort"),
        ("Words that matter", "wort"),
        ("Nearest topics and how sure", "recognition 0.91"),
        ("Topics looked for", "recognition 0.91, study 0.30"),
        ("German words looked for", "anerkennung 0.80"),
        ("Looked for, most of them", "Wort"),
        ("Places", "Dresden (14612), Leipzig (14713)"),
        ("Audience", "Companies"),
    ]


def test_steps_are_named_in_the_callers_language_else_in_english_else_plainly() -> None:
    question = Question(TODAY)
    assert list(told(question, TraceStep("language", "uk"), language="de")) == ["Gefaltet", "Sprache und wie sicher"]
    assert list(told(question, TraceStep("language", "uk"), language="vi")) == ["Folded", "Language and how sure"]
    assert list(told(question, TraceStep("new step", "x"), language="uk")) == ["Спрощено", "new step"]


def test_the_audience_is_named_in_the_callers_language() -> None:
    question = Question(TODAY, audience="AUDIENCE_COMPANY")
    assert told(question, language="de")["Zielgruppe"] == "Unternehmen"
    assert told(question, language="uk")["Для кого"] == SENTENCES.by_language["uk"]["AUDIENCE_COMPANY"]


def test_every_step_that_is_traced_has_a_name() -> None:
    assert understand.__file__
    assert opinions.__file__
    sources = Path(understand.__file__).read_text() + Path(opinions.__file__).read_text()
    traced = set(re.findall(r'(?:TraceStep|_nearest)\("([^"]+)"', sources))
    assert traced >= {"words", "language", "read as", "clauses", "encoder", "n-grams", "off topic", "linked"}
    for name in traced:
        assert name not in told(Question(TODAY), TraceStep(name, "x"))


def test_what_is_not_sure_is_looked_for_literally() -> None:
    literal = told(Question(TODAY, words="a b", german_parts="a b", literal_only=True))
    assert literal == {"Folded": "wort", "Looked for, all together": "a b"}
    assert told(Question(TODAY, words="a b", folded="a b", fuzzy=True))["Also misspelt"] == "a b"


def test_what_was_typed_is_told_beside_the_other_reading_of_its_keys() -> None:
    assert told(Question(TODAY, words="робота", typed="hj,jnf"))["Looked for as typed"] == "hj,jnf"
    assert told(Question(TODAY, typed="hj,jnf", literal_only=True))["Looked for as typed"] == "hj,jnf"


def test_a_name_is_told_beside_the_words() -> None:
    assert (
        told(Question(TODAY, words="Kurs Zwirbelkontor", names="zwirbelkontor"))["Looked for as a name"]
        == "zwirbelkontor"
    )


def test_explaining_is_asked_for_and_is_no_other_question() -> None:
    plain = search_request(search_service_pb2.SearchOffersRequest(text="x"))
    explained = search_request(search_service_pb2.SearchOffersRequest(text="x", explain=True))
    assert (plain.explain, explained.explain) == (False, True)
    # A page token of the one is good for the other.
    assert plain.identity == explained.identity


def test_steps_and_parts_of_scores_reach_the_caller() -> None:
    parts = (ScorePart("topic recognition", 26.95), ScorePart("confirmed", 3.0))
    hit = Hit(OfferKey(RegionId("dresden"), "a"), b"", 29.95, (), (), False, (), parts)
    steps = (UnderstandingStep("Folded", "wort"),)
    answer = search_response(SearchAnswer((hit,), "", 1, False, Understood("de", steps=steps), (), ()))
    assert [(step.name, step.found) for step in answer.understanding.steps] == [("Folded", "wort")]
    assert [(part.name, part.score) for part in answer.hits[0].score_parts] == [
        ("topic recognition", 26.95),
        ("confirmed", 3.0),
    ]


def test_nothing_is_told_unasked() -> None:
    assert not SearchRequest("x", "de").explain
    assert Understood("de").steps == ()
