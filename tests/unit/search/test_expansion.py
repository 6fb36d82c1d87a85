"""Words that German offers use for a concept: heaviest where all its labels and no other concept have them."""

from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from services.search.thesaurus import Concept, Thesaurus
from services.search.understanding.expansion import GermanWords, german_parts


def thesaurus(**labels: tuple[str, ...]) -> Thesaurus:
    concepts = {
        name: Concept(name, (), (), "…", MappingProxyType({"de": texts, "en": ("wages",)}), MappingProxyType({}))
        for name, texts in labels.items()
    }
    return Thesaurus(MappingProxyType(concepts))


def test_a_text_falls_into_its_words_and_their_parts_without_function_words() -> None:
    assert german_parts("Die Wohnungssuche und der Umzug") == ("wohnungssuche", "wohnung", "suche", "umzug")
    assert german_parts("") == german_parts("ab in zu, 12") == ()


@given(st.text(max_size=200))
def test_any_text_has_parts_of_three_letters_or_more(text: str) -> None:
    assert all(len(part) >= 3 for part in german_parts(text))


def test_a_word_of_every_label_outweighs_one_of_some_and_one_that_concepts_share() -> None:
    words = GermanWords(thesaurus(wages=("Lohn fehlt", "Lohn spät"), tax=("Steuer fehlt", "Steuer")))
    weights = dict(words.of({"wages": 1.0}, 10))
    assert weights["lohn"] > weights["spat"] > weights["fehlt"] > 0
    assert max(weights.values()) <= 1.0
    assert "wages" not in weights


def test_words_of_several_concepts_come_once_with_the_highest_weight_heaviest_first() -> None:
    words = GermanWords(thesaurus(wages=("Lohn fehlt",), tax=("Steuer fehlt",), empty=()))
    both = words.of({"wages": 1.0, "tax": 0.5, "empty": 1.0, "unknown": 1.0}, 10)
    assert [word for word, _ in both] == ["lohn", "fehlt", "steuer"]
    assert both == tuple(sorted(both, key=lambda pair: -pair[1]))
    assert dict(both)["fehlt"] == dict(words.of({"wages": 1.0}, 10))["fehlt"]
    assert words.of({"wages": 1.0, "tax": 0.5}, 1) == both[:1]


def test_of_equal_words_the_order_is_that_of_the_alphabet() -> None:
    words = GermanWords(thesaurus(wages=("Zulage Abzug",)))
    assert [word for word, _ in words.of({"wages": 1.0}, 5)] == ["abzug", "zulage"]
