"""Asks a set's questions and judges the answers: systems side by side, per language and per slice."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from services.search.domain.questions import Question
from services.search.evaluation.evaluation_index import Alter, Answer, EvaluationIndex
from services.search.evaluation.measures import Figures, figures
from services.search.evaluation.records import SetOffer, SetQuery

GERMAN = "de"


@dataclass(frozen=True, slots=True)
class Judged:
    """One system's figures on one set of questions."""

    system: str
    overall: Figures
    not_german: Figures
    by_language: Mapping[str, Figures]
    by_slice: Mapping[str, Figures]
    out_of_scope: int
    """Questions that no offer answers."""
    out_of_scope_abstained: int
    abstained: int
    """Questions that offers answer, and that were not understood."""

    def lines(self) -> Iterator[dict[str, object]]:
        """Give everything as flat JSON objects: overall first, then languages, then slices."""
        scope = {
            "out_of_scope": self.out_of_scope,
            "out_of_scope_abstained": self.out_of_scope_abstained,
            "abstained": self.abstained,
        }
        yield {"system": self.system, "part": "all", **self.overall.as_json(), **scope}
        yield {"system": self.system, "part": "not German", **self.not_german.as_json()}
        for kind, parts in (("language", self.by_language), ("slice", self.by_slice)):
            for name, found in sorted(parts.items()):
                yield {"system": self.system, "part": f"{kind} {name}", **found.as_json()}


def as_asked(question: Question) -> Question:
    """Leave a question as it is."""
    return question


def without_topics(question: Question) -> Question:
    """Take away everything the thesaurus gives: words alone are left."""
    return replace(question, concepts=(), topics=(), german_words=(), literal_only=False)


def without_german_words(question: Question) -> Question:
    """Take away the words that German offers use for the topics."""
    return replace(question, german_words=())


def without_neighbours(question: Question) -> Question:
    """Look for the linked concepts alone, not for broader, narrower or related ones."""
    linked = {concept.id for concept in question.concepts}
    return replace(question, topics=tuple(topic for topic in question.topics if topic[0] in linked))


def without_compounds(question: Question) -> Question:
    """Do not take compounds of the question apart."""
    return replace(question, german_parts="")


SWITCHES: Mapping[str, Alter] = {
    "words only": without_topics,
    "no German words": without_german_words,
    "no neighbours": without_neighbours,
    "no compounds": without_compounds,
}
"""What `make eval` takes away, one at a time."""


async def answers(index: EvaluationIndex, queries: Iterable[SetQuery], alter: Alter = as_asked) -> dict[str, Answer]:
    """Ask every question. Raises SEARCH_ENGINE_UNAVAILABLE."""
    return {query.id: await index.answer(query.query, alter) for query in queries}


def judged_answers(
    system: str, found: Mapping[str, Answer], queries: Sequence[SetQuery], offers: Sequence[SetOffer]
) -> Judged:
    """Judge answers of ours."""
    rankings = {query: answer.ranking for query, answer in found.items()}
    return judged(system, rankings, {query for query, answer in found.items() if answer.abstained}, queries, offers)


async def baseline(index: EvaluationIndex, queries: Iterable[SetQuery]) -> dict[str, tuple[str, ...]]:
    """Rank by plain BM25. Raises SEARCH_ENGINE_UNAVAILABLE."""
    return {query.id: await index.baseline(query.query) for query in queries}


def judged(
    system: str,
    rankings: Mapping[str, Sequence[str]],
    abstained: Collection[str],
    queries: Sequence[SetQuery],
    offers: Sequence[SetOffer],
) -> Judged:
    """Judge rankings: every offer that shares an intent with a question answers it."""
    relevant = {query.id: _relevant(query, offers) for query in queries}
    in_scope = [query for query in queries if query.intents]
    outside = [query for query in queries if not query.intents]

    def judge(chosen: Iterable[SetQuery]) -> Figures:
        return figures(rankings, {query.id: relevant[query.id] for query in chosen})

    return Judged(
        system=system,
        overall=judge(in_scope),
        not_german=judge(query for query in in_scope if query.lang != GERMAN),
        by_language={name: judge(part) for name, part in _parted(in_scope, lambda query: (query.lang,)).items()},
        by_slice={name: judge(part) for name, part in _parted(in_scope, lambda query: query.slices).items()},
        out_of_scope=len(outside),
        out_of_scope_abstained=sum(query.id in abstained for query in outside),
        abstained=sum(query.id in abstained for query in in_scope),
    )


def misses(
    found: Mapping[str, Answer], queries: Iterable[SetQuery], offers: Sequence[SetOffer], depth: int = 3
) -> Iterator[tuple[SetQuery, Answer]]:
    """Give the questions without a right offer among the first, and those out of scope that got an answer."""
    for query in queries:
        answer, relevant = found[query.id], _relevant(query, offers)
        if not relevant.intersection(answer.ranking[:depth]) and (query.intents or not answer.abstained):
            yield query, answer


def _relevant(query: SetQuery, offers: Sequence[SetOffer]) -> frozenset[str]:
    wanted = set(query.intents)
    return frozenset(offer.id for offer in offers if wanted.intersection(offer.intents))


def _parted(queries: Iterable[SetQuery], names_of: Callable[[SetQuery], tuple[str, ...]]) -> dict[str, list[SetQuery]]:
    parts: dict[str, list[SetQuery]] = defaultdict(list)
    for query in queries:
        for name in names_of(query):
            parts[name].append(query)
    return parts
