"""Measures what understanding a question costs, beside a search for the same words in a plain dictionary.

The questions are the own evaluation set's: written from the callers' side in 26 languages, half of them unsure.
"""

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.search.evaluation.own import OWN_QUERIES
from services.search.evaluation.records import read_queries
from services.search.understanding import build_understander
from services.search.understanding.classifier import concept_classifier
from services.search.understanding.encoder import EncoderMissing
from services.search.understanding.fold import tokens_of

ROUNDS = 1
"""Each question for the first time."""
PREFIX_LENGTHS = (2, 4, 7)
SUGGESTED = 8


def questions() -> list[str]:
    """Give the set's questions, in its order."""
    return [query.query for query in read_queries(OWN_QUERIES)]


async def run() -> dict[str, Any]:
    """Understand every question, and suggest for what is typed of each; milliseconds of wall time."""
    texts = questions()
    started = time.perf_counter()
    understander = build_understander()
    built = time.perf_counter() - started
    known = {token: text for text in texts for token in tokens_of(text)}
    typed = [text[:length] for text in texts for length in PREFIX_LENGTHS]
    return {
        "questions": len(texts),
        "build_seconds": round(built, 2),
        "understand_ms": _measured(texts, understander.understand),
        "dictionary_ms": _measured(texts, lambda text: [known.get(token) for token in text.casefold().split()]),
        "limit_p95_ms": 5.0,
        "suggest_ms": _measured(typed, lambda text: understander.suggest(text, "de", SUGGESTED)),
        **_with_encoder(texts),
    }


def _with_encoder(texts: list[str]) -> dict[str, Any]:
    """Measure the same with the encoder; nothing where that extra is not installed."""
    before = _resident_megabytes()
    started = time.perf_counter()
    try:
        classifier = concept_classifier()
    except EncoderMissing:
        return {}
    classifier.probabilities(["Wer hilft mir mit dem Brief vom Amt?"])
    ready, megabytes = time.perf_counter() - started, _resident_megabytes() - before
    understander = build_understander(classifier=classifier)
    return {
        "encoder_ready_seconds": round(ready, 2),
        "encoder_megabytes": round(megabytes),
        "understand_with_encoder_ms": _measured(texts, understander.understand, rounds=1),
    }


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _measured(texts: list[str], work: Callable[[str], object], rounds: int = ROUNDS) -> dict[str, float]:
    for text in texts[:50]:
        work(text)
    found = []
    for _ in range(rounds):
        for text in texts:
            started = time.perf_counter()
            work(text)
            found.append((time.perf_counter() - started) * 1000)
    cuts = statistics.quantiles(found, n=100)
    return {"p50": round(cuts[49], 3), "p95": round(cuts[94], 3), "p99": round(cuts[98], 3)}
