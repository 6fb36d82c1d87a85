"""Which topics are looked for: what was asked whole, and less of what lies around it."""

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.domain.neighbours import neighbours_of, topics_asked
from services.search.thesaurus import Concept, Thesaurus, load_thesaurus


def concept(name: str, broader: tuple[str, ...] = (), related: tuple[str, ...] = ()) -> Concept:
    return Concept(name, broader, related, "…", MappingProxyType({}), MappingProxyType({}))


FAMILY = [concept("law"), concept("wages", ("law",), ("tax",)), concept("overtime", ("wages",)), concept("tax")]
NEIGHBOURS = neighbours_of(Thesaurus(MappingProxyType({one.id: one for one in FAMILY})))
SHIPPED = neighbours_of(load_thesaurus())


def test_narrower_counts_more_than_broader_and_both_more_than_related_in_either_direction() -> None:
    around = NEIGHBOURS["wages"]
    assert 1 > around["overtime"] > around["law"] > around["tax"] > 0
    assert NEIGHBOURS["tax"] == {"wages": around["tax"]}
    assert set(NEIGHBOURS["law"]) == {"wages"}


def test_the_surest_concept_counts_whole_and_comes_first() -> None:
    topics = topics_asked([("tax", 0.2), ("wages", 0.4)], NEIGHBOURS)
    assert topics[0] == ("wages", 1.0)
    weights = dict(topics)
    assert 0 < weights["tax"] < 0.5
    assert weights["overtime"] == NEIGHBOURS["wages"]["overtime"]


def test_a_concept_asked_for_itself_is_not_weakened_by_being_a_neighbour() -> None:
    alone = dict(topics_asked([("overtime", 0.5)], NEIGHBOURS))
    beside = dict(topics_asked([("overtime", 0.5), ("wages", 0.5)], NEIGHBOURS))
    assert beside["overtime"] == beside["wages"] == alone["overtime"] == 1.0


def test_without_concepts_no_topic_is_looked_for() -> None:
    assert topics_asked([], NEIGHBOURS) == ()


def test_an_unknown_concept_is_looked_for_without_neighbours() -> None:
    assert topics_asked([("new", 0.7)], NEIGHBOURS) == (("new", 1.0),)


@given(st.dictionaries(st.sampled_from(sorted(load_thesaurus())), st.floats(0.01, 1.0), min_size=1, max_size=5))
def test_weights_lie_between_0_and_1_heaviest_first_and_equal_ones_by_name(asked: dict[str, float]) -> None:
    topics = topics_asked(asked.items(), SHIPPED)
    assert topics == tuple(sorted(topics, key=lambda topic: (-topic[1], topic[0])))
    assert topics[0][1] == pytest.approx(1.0)
    assert all(0.0 <= weight <= 1.0 for _, weight in topics)
    assert set(asked) <= {topic for topic, _ in topics}
