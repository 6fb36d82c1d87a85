"""The project's own sets: offers and questions written from the callers' side, before anybody looked at a label.

Part of the questions is for development; the figures that count are those of the test half, which nobody tunes on. The
second set was written later and by others, with harder questions; `needs.json` says what its intents are.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from services.search.evaluation.evaluation_index import Answer, running_evaluation_index
from services.search.evaluation.records import SetError, SetQuery, read_offers, read_queries
from services.search.evaluation.running import SWITCHES, Judged, answers, baseline, judged, judged_answers, misses
from services.search.thesaurus import Thesaurus
from services.search.understanding import Understander

OWN_OFFERS = Path(__file__).with_name("offers.jsonl")
OWN_QUERIES = Path(__file__).with_name("queries.jsonl")
_SECOND = Path(__file__).with_name("second")
SETS: Mapping[str, tuple[Path, Path]] = {
    "first": (OWN_OFFERS, OWN_QUERIES),
    "second": (_SECOND / "offers.jsonl", _SECOND / "queries.jsonl"),
}
"""Offers and questions by the set's name."""


async def measured(
    engine_url: str, systems: Sequence[tuple[Understander, Thesaurus]], name: str, half: str, today: date
) -> tuple[list[Judged], list[tuple[SetQuery, Answer]]]:
    """Measure each understander, then the baseline and the switch-offs of the first; and its misses.

    `name` is one of SETS, `half` development, test or both. Raises SEARCH_ENGINE_UNAVAILABLE.
    """
    offers_file, queries_file = SETS[name]
    offers = read_offers(offers_file)
    queries = [query for query in read_queries(queries_file) if half in {query.half, "both"}]
    results: list[Judged] = []
    wrong: list[tuple[SetQuery, Answer]] = []
    for number, (understander, thesaurus) in enumerate(systems):
        async with running_evaluation_index(engine_url, offers, understander, thesaurus, today) as index:
            found = await answers(index, queries)
            system = "with encoder" if understander.has_encoder else "without encoder"
            results.append(judged_answers(system, found, queries, offers))
            if number == 0:
                wrong = list(misses(found, queries, offers))
                results.append(judged("bm25", await baseline(index, queries), (), queries, offers))
                for part, alter in SWITCHES.items():
                    switched = await answers(index, queries, alter)
                    results.append(judged_answers(part, switched, queries, offers))
                whole = await answers(index.asked_by(understander.reading_as_a_whole()), queries)
                results.append(judged_answers("no clauses", whole, queries, offers))
    return results, wrong


def add_query(
    file: Path, query: str, language: str, intents: tuple[str, ...], slices: tuple[str, ...] = ()
) -> SetQuery:
    """Append a question to the development half; the same text is never added twice (SetError)."""
    text = query.strip()
    if not text:
        raise SetError("the question is empty")
    if any(known.query == text for known in read_queries(file)):
        raise SetError("this question is in the set already")
    name = f"miss-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
    added = SetQuery(id=name, query=text, lang=language, intents=intents, slices=slices, half="development")
    # An editor may have left the last line open.
    begin = "" if file.read_bytes()[-1:] in {b"", b"\n"} else "\n"
    with file.open("a", encoding="utf-8") as lines:
        lines.write(begin + json.dumps(added.model_dump(), ensure_ascii=False) + "\n")
    return added
