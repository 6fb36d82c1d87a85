"""Measures what understanding a question costs, beside a search for the same words in a plain dictionary."""

import statistics
import time
from pathlib import Path
from typing import Any

import yaml

from services.search.understanding import build_understander
from services.search.understanding.fold import tokens_of

QUESTIONS = Path(__file__).resolve().parents[1] / "tests" / "unit" / "search" / "data" / "questions.yaml"
ROUNDS = 5


async def run() -> dict[str, Any]:
    """Understand every question of the development set; milliseconds of wall time, the limit is p95 under 5."""
    texts = [str(question["text"]) for question in yaml.safe_load(QUESTIONS.read_text())]
    started = time.perf_counter()
    understander = build_understander()
    built = time.perf_counter() - started
    labels = {token: text for text in texts for token in tokens_of(text)}
    ours = _measured(texts, understander.understand)
    plain = _measured(texts, lambda text: [labels.get(token) for token in text.casefold().split()])
    return {
        "questions": len(texts),
        "build_seconds": round(built, 2),
        "understand_ms": _figures(ours),
        "dictionary_ms": _figures(plain),
        "limit_p95_ms": 5.0,
    }


def _measured(texts: list[str], work: Any) -> list[float]:
    found = []
    for _ in range(ROUNDS):
        for text in texts:
            started = time.perf_counter()
            work(text)
            found.append((time.perf_counter() - started) * 1000)
    return found


def _figures(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100)
    return {"p50": round(cuts[49], 3), "p95": round(cuts[94], 3), "p99": round(cuts[98], 3)}
