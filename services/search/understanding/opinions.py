"""Second opinions: what learned judges say of unsure questions and of offers, in the order of the linker's concepts.

With the encoder its classifier is asked (ADR 0016), without it the centroids of what people say (ADR 0018).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import structlog
from numpy.typing import NDArray

from services.search.understanding.centroids import Centroids
from services.search.understanding.classifier import ConceptClassifier
from services.search.understanding.encoder import EncoderFailed
from services.search.understanding.model import TraceStep
from services.search.understanding.offtopic import PREFIX, is_off_topic
from services.search.understanding.placing import Placing
from services.search.understanding.topics import Opinion

log = structlog.get_logger(__name__)

_SURE_SCORE, _SURE_MARGIN = 0.6, 0.2
"""From here on nobody else is asked (measured: higher gives nothing)."""
_CLASSIFIER_SHARE = 0.5
"""What the classifier counts beside the n-grams (measured on the development questions: .4 to .6 are near)."""
_CENTROIDS_UNSURE = 0.5
"""From here on they are not asked (measured: .45 to .55 are near; all questions that are unsure are too many)."""
_CENTROIDS_SHARE = 0.4
_CENTROIDS_EVENNESS = 0.35
"""Power of their probabilities (measured: shares of .3 to .5 are near, powers of .35 and .5 too)."""
_ENCODED_CLAUSE_SHARE = 0.9
"""What the classifier says of a clause of a story, beside the whole."""
_STILL_UNSURE = 0.3
"""Below it the classifier is asked about the clauses too: where the whole says enough, they only confuse."""
_MOST_ENCODED = 400
"""Characters of a text that are encoded at once: what comes later hardly changes its vector."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What n-grams and a judge say together."""

    values: NDArray[np.float64]
    step: TraceStep
    is_encoded: bool
    """True: the encoder gave it."""


class SecondOpinions:
    """Asks the judges there are; immutable."""

    def __init__(
        self, concepts: Sequence[str], classifier: ConceptClassifier | None, centroids: Centroids | None
    ) -> None:
        """Take the linker's concepts and the judges; `centroids` are of questions."""
        self._classifier = classifier
        self._centroids = centroids
        self._placed = Placing(classifier.concepts if classifier else (), concepts)
        self._offer_placed = Placing(classifier.offer_concepts if classifier else (), concepts)
        self._centroids_placed = Placing(centroids.concepts if centroids else (), concepts)

    def on_question(
        self, text: str, words: Sequence[str], own: NDArray[np.float64], apart: Callable[[str], tuple[str, ...]]
    ) -> Advice | None:
        """Advise on a question whose n-grams gave `own`; None when they are sure, or nobody can say anything.

        The classifier reads the text, the centroids `words`, the folded ones. Where the classifier fails, a node has no
        centroids: they are not loaded beside it.
        """
        if _is_sure(own):
            return None
        return self._of_classifier(text, own, apart) or self._of_centroids(words, own)

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

    def _of_classifier(
        self, text: str, own: NDArray[np.float64], apart: Callable[[str], tuple[str, ...]]
    ) -> Advice | None:
        """Ask the classifier of the whole text, and if need be of its clauses."""
        likeness = self._likeness([text])
        if likeness is None or self._classifier is None:
            return None
        values = _mixed(own, self._placed, likeness[0], _CLASSIFIER_SHARE)
        if values.max() < _STILL_UNSURE and len(parts := apart(text)) > 1:
            of_clauses = self._likeness(parts)
            if of_clauses is not None:
                clearest = _ENCODED_CLAUSE_SHARE * of_clauses.max(axis=0)
                clearest[[is_off_topic(name) for name in self._classifier.concepts]] = 0.0
                likeness = np.maximum(likeness, clearest)
                values = _mixed(own, self._placed, likeness[0], _CLASSIFIER_SHARE)
        step = _nearest("encoder", self._classifier.concepts, likeness[0])
        return Advice(values, step, is_encoded=True)

    def _of_centroids(self, words: Sequence[str], own: NDArray[np.float64]) -> Advice | None:
        if self._centroids is None or own.max() >= _CENTROIDS_UNSURE:
            return None
        likeness = self._centroids.probabilities(words) ** _CENTROIDS_EVENNESS
        if not likeness.any():
            return None
        values = _mixed(own, self._centroids_placed, likeness, _CENTROIDS_SHARE)
        return Advice(values, _nearest("centroids", self._centroids.concepts, likeness), is_encoded=False)

    def _likeness(self, texts: Sequence[str]) -> NDArray[np.float32] | None:
        """Classify texts, one row a text; None without the encoder, or when it failed."""
        if self._classifier is None or not self._placed.known.any():
            return None
        try:
            return self._classifier.likeness([_encodable(text) for text in texts])
        except EncoderFailed:
            log.warning("encoder.failed")  # without the text, which is a person's
            return None


def _mixed(
    own: NDArray[np.float64], placed: Placing, likeness: NDArray[np.floating], share: float
) -> NDArray[np.float64]:
    """Mix n-grams and a judge; a concept it never learned, as of an enlarged thesaurus, keeps its own value."""
    return np.where(placed.known, own + share * (placed(likeness) - own), own)


def _nearest(judge: str, concepts: Sequence[str], likeness: NDArray[np.floating]) -> TraceStep:
    place = int(likeness.argmax())
    return TraceStep(judge, f"{concepts[place].removeprefix(PREFIX)} {likeness[place]:.2f}")


def _encodable(text: str) -> str:
    return " ".join(text[:_MOST_ENCODED].split())


def _is_sure(values: NDArray[np.float64]) -> bool:
    """Say whether the best concept is good and well ahead of the next."""
    if len(values) < 2:
        return True
    second, first = np.partition(values, -2)[-2:]
    return bool(first >= _SURE_SCORE and first - second >= _SURE_MARGIN)
