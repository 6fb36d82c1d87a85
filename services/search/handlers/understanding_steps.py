"""Owns how a question's understanding is told step by step: what each step found, and what is then looked for.

It is told to whoever asked the question, and to nobody else: nothing of it is logged.
"""

from collections.abc import Iterator, Sequence

from services.search.domain.explaining import Sentence
from services.search.domain.labels import district_label
from services.search.domain.questions import Question
from services.search.domain.searching import UnderstandingStep
from services.search.sentences import Sentences
from services.search.understanding.model import Understanding

_TRACED = {
    "words": "how.words",
    "language": "how.language",
    "read as": "how.read_as",
    "clauses": "how.clauses",
    "encoder": "how.encoder",
    "n-grams": "how.n-grams",
    "off topic": "how.off_topic",
    "linked": "how.linked",
}
"""Sentence of each step that understanding traces; a step without one keeps its plain name."""


def understanding_steps(
    understanding: Understanding, question: Question, language: str, sentences: Sentences
) -> tuple[UnderstandingStep, ...]:
    """Give all steps in order, named in a language."""

    def name(key: str) -> str:
        return sentences.say(Sentence(key), language, {})

    traced = [
        UnderstandingStep(name(_TRACED[step.name]) if step.name in _TRACED else step.name, step.found)
        for step in understanding.trace
    ]
    sought = [UnderstandingStep(name(key), found) for key, found in _sought(question) if found]
    if question.audience:
        sought.append(UnderstandingStep(name("how.audience"), sentences.value(question.audience, language)))
    return (UnderstandingStep(name("how.folded"), understanding.folded), *traced, *sought)


def _sought(question: Question) -> Iterator[tuple[str, str]]:
    """Give what the index is asked for, as (key of the name, what); "" where that was not asked."""
    yield "how.topics", _weighed(question.topics)
    yield "how.german_words", _weighed(question.german_words)
    yield "how.all_words" if question.literal_only else "how.most_words", question.words
    yield "how.typed", question.typed
    yield "how.names", "" if question.literal_only else question.names
    yield "how.compounds", "" if question.literal_only else question.german_parts
    yield "how.misspelt", question.folded if question.fuzzy else ""
    yield "how.places", ", ".join(f"{district_label(code)} ({code})" for code in question.districts)


def _weighed(pairs: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{name} {weight:.2f}" for name, weight in pairs)
