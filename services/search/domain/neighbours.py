"""Owns which topics are looked for when a concept is asked: the concept, and a little less what lies around it."""

from collections.abc import Iterable, Mapping

from services.search.thesaurus import Thesaurus

_SHARES = {"broader": 0.5, "narrower": 0.7, "related": 0.2}
"""What a neighbour counts beside the concept itself: a general counter may help with a special case, a special one
often with the general question (measured on the development questions, ADR 0015)."""

_STEEPNESS = 2.0
"""Lets the surest concept stand out, for weights of unsure ones lie close together."""

Neighbours = Mapping[str, Mapping[str, float]]


def neighbours_of(thesaurus: Thesaurus) -> Neighbours:
    """Weigh the neighbours of every concept; made once."""
    return {
        concept: {other: _SHARES[relation] for other, relation in thesaurus.neighbours(concept).items()}
        for concept in thesaurus
    }


def topics_asked(concepts: Iterable[tuple[str, float]], neighbours: Neighbours) -> tuple[tuple[str, float], ...]:
    """Weigh the topics to look for, heaviest first: the surest concept counts 1, others beside it."""
    asked = dict(concepts)
    top = max(asked.values(), default=0.0)
    topics: dict[str, float] = {}
    for concept, weight in asked.items():
        share = (weight / top) ** _STEEPNESS
        topics[concept] = max(topics.get(concept, 0.0), share)
        for other, part in neighbours.get(concept, {}).items():
            topics[other] = max(topics.get(other, 0.0), share * part)
    return tuple(sorted(((topic, round(weight, 4)) for topic, weight in topics.items()), key=lambda t: (-t[1], t[0])))
