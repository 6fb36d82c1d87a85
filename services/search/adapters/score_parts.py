"""Guarantees that what a hit is told of its score adds up to it: clauses get names, and are summed as the engine does.

The engine scores a named clause by itself. What it adds to the hit depends on what stands around it: a `bool` adds its
clauses up, a `dis_max` counts the best one whole and of the others a share.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.search.adapters.queries import WORDS, Query
from services.search.domain.questions import ScorePart

_TOPIC_FIELD = "topic_weights."
_PARTS_FIELDS = "parts_"
_FACTS = {
    "districts": "district",
    "scope": "state-wide",
    "audiences": "audience",
    "review_due": "confirmed",
    "free_places": "free places",
}
"""What a constant score is told as, by the field that it looks at."""
_OTHER = "other"
_BY_FIELD = frozenset({"match", "match_phrase"})
"""Clauses that take a name among the options of their field."""


@dataclass(frozen=True, slots=True)
class _Clause:
    """A clause that the engine scores as a whole."""

    key: str
    """Its name in the request."""
    label: str
    """What it is told as."""


@dataclass(frozen=True, slots=True)
class _Compound:
    """Clauses whose scores make one."""

    clauses: tuple["_Node", ...]
    others: float
    """What all but the best one count: 1 in a `bool`, the tie breaker in a `dis_max`."""
    boost: float


_Node = _Clause | _Compound


@dataclass(frozen=True, slots=True)
class ScoreParts:
    """How the scores of one request's clauses make the score of a hit."""

    root: _Node

    def of(self, scores: Mapping[str, float]) -> tuple[ScorePart, ...]:
        """Give the parts of one hit, highest first, by its `matched_queries`; what adds nothing is left out."""
        added: dict[str, float] = {}
        for label, score in _added(self.root, scores):
            added[label] = added.get(label, 0.0) + score
        ordered = sorted(added.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple(ScorePart(label, score) for label, score in ordered if score)


def with_named_clauses(query: Query) -> tuple[Query, ScoreParts]:
    """Give the same query with a name on each clause that scores, and what makes parts of their scores."""
    naming = _Naming()
    named, root = naming.named(query, of_words=False)
    return named, ScoreParts(root)


class _Naming:
    """Walks one query; names are numbers in the order of its clauses."""

    def __init__(self) -> None:
        self._count = 0

    def named(self, query: Query, *, of_words: bool) -> tuple[Query, _Node]:
        """Name what is below; `of_words`: it belongs to the words typed."""
        ((kind, body),) = query.items()
        of_words = of_words or body.get("_name") == WORDS
        if kind == "dis_max":
            clauses, nodes = self._all(body["queries"], of_words)
            node = _Compound(nodes, body.get("tie_breaker", 0.0), body.get("boost", 1.0))
            return {kind: {**body, "queries": clauses}}, node
        if kind == "bool":
            must, required = self._all(body.get("must", ()), of_words)
            should, raising = self._all(body.get("should", ()), of_words)
            scored = {name: clauses for name, clauses in (("must", must), ("should", should)) if clauses}
            return {kind: {**body, **scored}}, _Compound((*required, *raising), 1.0, body.get("boost", 1.0))
        return self._leaf(kind, body, of_words)

    def _leaf(self, kind: str, body: Query, of_words: bool) -> tuple[Query, _Node]:
        self._count += 1
        clause = _Clause(body.get("_name", f"clause {self._count}"), _label(kind, body, of_words))
        name = {"_name": clause.key}
        if kind in _BY_FIELD:
            return {kind: {field: {**options, **name} for field, options in body.items()}}, clause
        return {kind: {**body, **name}}, clause

    def _all(self, queries: Sequence[Query], of_words: bool) -> tuple[list[Query], tuple[_Node, ...]]:
        pairs = [self.named(query, of_words=of_words) for query in queries]
        return [query for query, _ in pairs], tuple(node for _, node in pairs)


def _added(node: _Node, scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """Say what each clause adds, by its label."""
    if isinstance(node, _Clause):
        return [(node.label, scores[node.key])] if node.key in scores else []
    parts = [_added(clause, scores) for clause in node.clauses]
    totals = [sum(score for _, score in part) for part in parts]
    best = max(range(len(totals)), key=totals.__getitem__, default=0)
    return [
        (label, score * node.boost * (1.0 if place == best else node.others))
        for place, part in enumerate(parts)
        for label, score in part
    ]


def _label(kind: str, body: Mapping[str, Any], of_words: bool) -> str:
    """Tell a clause by what it looks at, so that the query itself need not say it twice."""
    if kind == "rank_feature":
        return f"topic {body['field'].removeprefix(_TOPIC_FIELD)}"
    fields = list(_fields(kind, body))
    if kind == "multi_match" and all(field.startswith(_PARTS_FIELDS) for field in fields):
        return "compounds" if of_words else "german words"
    if of_words:
        return "words typed"
    return next((_FACTS[field] for field in fields if field in _FACTS), _OTHER)


def _fields(kind: str, body: Mapping[str, Any]) -> Iterator[str]:
    """Give the fields that a clause looks at; of constant scores, of the one filter in it."""
    if kind == "constant_score":
        ((inner, inside),) = body["filter"].items()
        yield from _fields(inner, inside)
    else:
        yield from body.get("fields", body)
