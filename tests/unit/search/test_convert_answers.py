"""Highlights, tokens and labels on their way to the caller."""

from hypothesis import given
from hypothesis import strategies as st

from lotse.search.v1 import search_pb2, search_service_pb2
from services.search.convert.requests import FACET_FIELDS, offer_filter, search_request
from services.search.domain.highlights import CLOSING, OPENING, segments_of, without_marks
from services.search.domain.labels import ENGLISH, GERMAN, value_label
from services.search.domain.questions import MOST_RANKED, FacetField
from services.search.handlers.facets import language_name
from services.search.handlers.paging import MOST_TOKEN_BYTES, Rest, pack, unpack


@given(st.lists(st.tuples(st.text(max_size=9).map(without_marks), st.booleans()), max_size=8))
def test_marked_texts_come_apart_into_what_they_were(pieces: list[tuple[str, bool]]) -> None:
    marked = "".join(f"{OPENING}{text}{CLOSING}" if emphasised else text for text, emphasised in pieces)
    segments = segments_of(marked)
    assert "".join(segment.text for segment in segments) == "".join(text for text, _ in pieces)
    assert [segment.text for segment in segments if segment.emphasised] == [
        text for text, emphasised in pieces if emphasised and text
    ]


@given(st.text(alphabet=f"ab{OPENING}{CLOSING}", max_size=20))
def test_marks_out_of_order_never_reach_the_caller(marked: str) -> None:
    shown = "".join(segment.text for segment in segments_of(marked))
    assert OPENING not in shown
    assert shown.replace(CLOSING, "") == without_marks(marked)


_IDS = st.lists(st.from_regex(r"[a-z0-9]{1,63}/[a-z0-9]{1,63}", fullmatch=True), min_size=1, max_size=MOST_RANKED)


@given(_IDS, st.integers(0, 10_000), st.booleans(), st.booleans())
def test_what_is_left_of_a_ranking_survives_its_token(ids: list[str], total: int, lower: bool, fuzzy: bool) -> None:
    rest = Rest(tuple(ids), total, lower, fuzzy)
    packed = pack(rest)
    kept = unpack(packed)
    assert len(packed) <= MOST_TOKEN_BYTES
    assert kept.ids == rest.ids[: len(kept.ids)]
    assert (kept.total, kept.total_is_lower_bound, kept.fuzzy) == (total, lower, fuzzy)


def test_two_hundred_ordinary_ids_fit_whole() -> None:
    ids = tuple(f"leipzig/01a201b5-6bde-7430-8249-{number:012x}" for number in range(MOST_RANKED))
    assert unpack(pack(Rest(ids, 200, total_is_lower_bound=False, fuzzy=False))).ids == ids


def test_sizes_and_languages_have_their_defaults() -> None:
    empty = search_request(search_service_pb2.SearchOffersRequest())
    assert (empty.page_size, empty.language, empty.filter.circle) == (10, "de", None)
    assert search_request(search_service_pb2.SearchOffersRequest(page_size=51)).page_size == 50


def test_the_order_of_filter_values_does_not_make_another_question() -> None:
    one = search_pb2.OfferFilter(regions=["a", "b"], topics=["x", "y"])
    other = search_pb2.OfferFilter(regions=["b", "a"], topics=["y", "x"])
    assert offer_filter(one) == offer_filter(other)


def test_every_facet_of_the_contract_is_known() -> None:
    numbers = set(search_pb2.FacetField.values()) - {search_pb2.FACET_FIELD_UNSPECIFIED}
    assert set(FACET_FIELDS) == numbers
    assert set(FACET_FIELDS.values()) == set(FacetField)


def test_values_have_names_in_german_and_english_and_unknown_ones_stand_as_they_are() -> None:
    assert set(GERMAN) == set(ENGLISH)
    assert value_label("OFFER_KIND_FUNDING", "de-AT") == "Förderung"
    assert value_label("OFFER_KIND_FUNDING", "uk") == "Funding"
    assert value_label("SOMETHING_NEW", "de") == "SOMETHING_NEW"


def test_languages_are_named_in_the_callers_language() -> None:
    assert language_name("uk", "de") == "Ukrainisch"
    assert language_name("zh-Hant", "en") == "Traditional Chinese"
    assert language_name("uk", "xx") == "Ukrainian"
    assert language_name("qqq", "de") == "qqq"
