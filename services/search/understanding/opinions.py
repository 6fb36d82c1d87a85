"""Second opinions: what learned judges say of unsure questions and of offers, in the order of the linker's concepts.

A judge by n-grams has learned from what people say (ADR 0020); with the encoder its classifier is asked too (ADR 0016).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from services.search.understanding.classifier import ConceptClassifier
from services.search.understanding.encoder import EncoderFailed
from services.search.understanding.model import TraceStep
from services.search.understanding.ngram_judge import NGramJudge
from services.search.understanding.offtopic import PREFIX, is_off_topic
from services.search.understanding.placing import Placing
from services.search.understanding.topics import Opinion

log = structlog.get_logger(__name__)

_SURE_SCORE, _SURE_MARGIN = 0.6, 0.2
"""From here on nobody else is asked (measured: higher gives nothing)."""
_ENCODED_SHARE = 0.65
"""What the judges count beside the linker where the classifier is one of them (measured on the development questions,
as all of these: .5 finds less, .75 is near)."""
_CLASSIFIER_SHARE = 0.6
"""What the classifier counts of it (measured: .5 is near; alone it finds S@3 .867 of the second set's, with the other
judge .919)."""
_JUDGE_SHARE = 0.5
"""What the judge by n-grams counts beside the linker when it is alone (measured: .4 finds less, .6 is near)."""
_JUDGE_EVENNESS, _CLASSIFIER_EVENNESS = 0.35, 0.5
"""Power of their probabilities: one of two equally probable concepts is still a good answer, not half of one (measured
for the judge by n-grams: .5 finds less)."""
_ENCODED_CLAUSE_SHARE = 0.9
"""What the classifier says of a clause of a story, beside the whole."""
_STILL_UNSURE = 0.3
"""Below it the classifier is asked about the clauses too: where the whole says enough, they only confuse."""
_MOST_ENCODED = 400
"""Characters of a text that are encoded at once: what comes later hardly changes its vector."""


Values = NDArray[np.float64]
"""What each concept of the linker gets, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What the linker and the judges say together."""

    values: Values
    steps: tuple[TraceStep, ...]
    """What each judge takes the question for."""
    is_encoded: bool
    """True: the classifier was one of them."""


class SecondOpinions:
    """Asks the judges there are; immutable."""

    def __init__(self, concepts: Sequence[str], classifier: ConceptClassifier | None, judge: NGramJudge | None) -> None:
        """Take the linker's concepts and the judges; `judge` is the one of questions by n-grams."""
        self._classifier = classifier
        self._judge = judge
        self._placed = Placing(classifier.concepts if classifier else (), concepts)
        self._offer_placed = Placing(classifier.offer_concepts if classifier else (), concepts)
        self._judge_placed = Placing(judge.concepts if judge else (), concepts)
        self._is_off_topic = _which_are_off_topic(concepts)
        self._classifier_off_topic = _which_are_off_topic(classifier.concepts if classifier else ())
        self._judge_off_topic = _which_are_off_topic(judge.concepts if judge else ())
        self._concepts = concepts

    def on_question(
        self, text: str, words: Sequence[str], own: Values, apart: Callable[[str], tuple[str, ...]]
    ) -> Advice | None:
        """Advise on a question of which the linker says `own`; None when it is sure, or nobody can say anything.

        The classifier reads the text, the judge by n-grams `words`, the folded ones. Where these leave a story unsure,
        the classifier reads its clauses too.
        """
        if _is_sure(own):
            return None
        said, encoded = self._of_judge(words), self._of_classifier([text])
        if encoded is None:
            return self._advice(own, said, None) if said else None
        advice = self._advice(own, said, encoded)
        topics = np.where(self._is_off_topic, 0.0, advice.values)
        if topics.max() >= _STILL_UNSURE or len(parts := apart(text)) < 2:
            return advice
        clauses = self._of_classifier(parts)
        if clauses is None:
            return advice
        clearest = np.where(self._is_off_topic, 0.0, _ENCODED_CLAUSE_SHARE * clauses[0])
        return self._advice(own, said, (np.maximum(encoded[0], clearest), encoded[1]))

    def on_offer(self, title: str, text: str) -> Opinion | None:
        """Say what the classifier takes an offer for; None without one, when it failed, and for no text."""
        whole = _encodable(". ".join(part.strip() for part in (title, text) if part.strip()))
        if self._classifier is None or not whole:
            return None
        try:
            found = self._classifier.of_offer(whole)
        except EncoderFailed:
            log.warning("encoder.failed")
            return None
        return None if found is None else (self._offer_placed(found), self._offer_placed.known)

    def _advice(self, own: Values, said: Opinion | None, encoded: Opinion | None) -> Advice:
        """Mix; a concept that no judge ever learned, as of an enlarged thesaurus, keeps the linker's value."""
        if said is None or encoded is None:
            together = said or encoded
        else:
            mean = _CLASSIFIER_SHARE * encoded[0] + (1 - _CLASSIFIER_SHARE) * said[0]
            together = np.where(said[1], np.where(encoded[1], mean, said[0]), encoded[0]), said[1] | encoded[1]
        share = _ENCODED_SHARE if encoded else _JUDGE_SHARE
        values = np.where(together[1], own + share * (together[0] - own), own) if together else own
        steps = (*self._nearest("encoder", encoded), *self._nearest("n-grams", said))
        return Advice(values, steps, is_encoded=encoded is not None)

    def _of_classifier(self, texts: Sequence[str]) -> Opinion | None:
        """Ask the classifier for the best it says of any of the texts; None without it, or when it failed."""
        if self._classifier is None or not self._placed.known.any():
            return None
        try:
            probable = self._classifier.probabilities([_encodable(text) for text in texts])
        except EncoderFailed:
            log.warning("encoder.failed")  # without the text, which is a person's
            return None
        likeness = _with_off_topic_together(probable, self._classifier_off_topic) ** _CLASSIFIER_EVENNESS
        return self._placed(likeness.max(axis=0)), self._placed.known

    def _of_judge(self, words: Sequence[str]) -> Opinion | None:
        """Ask the judge by n-grams; None without it, and when it knows no feature of the words."""
        if self._judge is None or not self._judge_placed.known.any():
            return None
        probable = self._judge.probabilities(words)
        likeness = _with_off_topic_together(probable, self._judge_off_topic) ** _JUDGE_EVENNESS
        return (self._judge_placed(likeness), self._judge_placed.known) if likeness.any() else None

    def _nearest(self, judge: str, opinion: Opinion | None) -> tuple[TraceStep, ...]:
        if opinion is None:
            return ()
        place = int(opinion[0].argmax())
        return (TraceStep(judge, f"{self._concepts[place].removeprefix(PREFIX)} {opinion[0][place]:.2f}"),)


def _which_are_off_topic(concepts: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([is_off_topic(concept) for concept in concepts], dtype=bool)


def _with_off_topic_together(probable: NDArray[Any], off_topic: NDArray[np.bool_]) -> NDArray[Any]:
    """Give each category of what is no topic the mean of its own probability and that of all of them together.

    Which category it is does not matter to whoever asks, and of some sentences (`offtopic.OFF_TOPIC`) nobody said
    (ADR 0021).
    """
    together = probable[..., off_topic].sum(axis=-1, keepdims=True)
    return np.where(off_topic, (probable + together) / 2, probable)


def _encodable(text: str) -> str:
    return " ".join(text[:_MOST_ENCODED].split())


def _is_sure(values: NDArray[np.float64]) -> bool:
    """Say whether the best concept is good and well ahead of the next."""
    if len(values) < 2:
        return True
    second, first = np.partition(values, -2)[-2:]
    return bool(first >= _SURE_SCORE and first - second >= _SURE_MARGIN)
