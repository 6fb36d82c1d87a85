"""Type-ahead tables: what is found equals what a scan would find, in every script, and quickly."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.thesaurus import Thesaurus, load_thesaurus
from services.search.understanding.fold import fold, tokens_of
from services.search.understanding.place_names import PlaceSuggester, load_place_suggester
from services.search.understanding.prefixes import PrefixTable, prefix_of
from services.search.understanding.suggest import Suggester

NAMES = st.lists(st.text(alphabet="abAB ä-", max_size=12), max_size=20)


@pytest.fixture(scope="module")
def thesaurus() -> Thesaurus:
    return load_thesaurus()


@pytest.fixture(scope="module")
def suggester(thesaurus: Thesaurus) -> Suggester:
    return Suggester(thesaurus)


@pytest.fixture(scope="module")
def places() -> PlaceSuggester:
    return load_place_suggester()


@given(NAMES, st.text(alphabet="abä ", min_size=1, max_size=4))
def test_the_table_finds_what_a_scan_finds(names: list[str], typed: str) -> None:
    wanted = prefix_of(typed)
    table = PrefixTable([(name, name) for name in names])
    folded = {name: " ".join(tokens_of(fold(name))) for name in names}
    firsts = {name for name in names if wanted and folded[name].startswith(wanted)}
    laters = {name for name in names if wanted and f" {wanted}" in folded[name]}
    assert set(table.first_words(wanted)) == firsts
    assert set(table.later_words(wanted)) == (laters if len(wanted) > 1 else set())


@given(st.text(max_size=120), st.integers(-2, 30))
def test_any_text_suggests_at_most_as_many_as_wanted_and_each_once(typed: str, most: int) -> None:
    table = PlaceSuggester([(("14612",), ["Dresden*", "دريسدن"]), (("14729",), ["Grimma", "Borna"])])
    found = table.suggest(typed, "de", most)
    assert len(found) <= max(most, 0)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("typed", "language", "label", "district"),
    [
        ("Dres", "de", "Dresden", "14612"),
        ("Dres", "ar", "دريسدن", "14612"),
        ("دري", "ar", "دريسدن", "14612"),
        ("Дрез", "uk", "Дрезден", "14612"),
        ("莱", "zh", "莱比锡", "14713"),
        ("gör", "de", "Görlitz", "14626"),
        ("goerl", "en", "Görlitz", "14626"),
        ("Pirn", "de", "Pirna", "14628"),
    ],
)
def test_places_are_found_in_any_script(
    places: PlaceSuggester, typed: str, language: str, label: str, district: str
) -> None:
    first = places.suggest(typed, language, 5)[0]
    assert (first.label, first.districts) == (label, (district,))


def test_a_city_is_suggested_once_and_towns_of_one_district_beside_each_other(places: PlaceSuggester) -> None:
    assert len(places.suggest("Dresd", "de", 20)) == 1
    assert {"Borna", "Böhlen"} <= {place.label for place in places.suggest("b", "de", 20)}
    assert "Sachsen" not in {place.label for place in places.suggest("Sachs", "de", 20)}


@pytest.mark.parametrize("typed", ["اعتراف", "الاعتراف", "الاعت"])
def test_arabic_is_found_with_and_without_its_article(suggester: Suggester, typed: str) -> None:
    assert "recognition" in [concept.id for concept in suggester.suggest(typed, "ar", 8)]


def test_suggesting_takes_less_than_20_ms_even_where_everything_starts_alike(thesaurus: Thesaurus) -> None:
    """The bar of matching.md, "Type-ahead", at 30,000 labels; process time, as machines of tests are busy."""
    labels = [label for concept in thesaurus.values() for names in concept.labels.values() for label in names]
    assert len(labels) >= 25_000
    draw, suggester, times = random.Random(5), Suggester(thesaurus), []
    for number in range(600):
        # A different limit each time goes past the memory of answers.
        typed = draw.choice(labels)[: draw.randint(1, 8)]
        started = time.process_time()
        suggester.suggest(typed, "de", 1 + number)
        times.append(time.process_time() - started)
    assert sorted(times)[int(len(times) * 0.95)] < 0.020
