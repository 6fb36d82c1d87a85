"""German compounds fall into the words people look for, whole words stay whole, and no text at all does harm."""

import string
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.search.thesaurus import load_thesaurus
from services.search.understanding.atoms import build_atoms, chosen_words, own_texts
from services.search.understanding.compounds import LONGEST_WORD, CompoundSplitter, load_splitter
from services.search.understanding.fold import fold

_GOLD = yaml.safe_load((Path(__file__).parent / "data" / "compounds.yaml").read_text("utf-8"))
_SPLITTER = load_splitter()
_FLOORS = {"compounds": 0.95, "held_out": 0.80}
"""A little below what is reached: 80 of 80 after the first run's six errors were mended, 35 of 42 on words held out."""

_SOME_ATOMS = ("anerkennung", "beruf", "fachkraft", "konto", "eroffnung", "beratung", "stelle", "sprach", "kurs", "rat")
_FEW_ATOMS = CompoundSplitter(dict.fromkeys(_SOME_ATOMS, 1))
_SOME_LINKS = ("", "s", "es", "n", "en", "er", "e")
atom_like_words = st.lists(
    st.one_of(st.sampled_from(_SOME_ATOMS), st.sampled_from(_SOME_LINKS), st.text(string.ascii_lowercase, max_size=4)),
    max_size=12,
).map("".join)
any_text = st.text(alphabet=st.characters(exclude_categories=()), max_size=80)


@pytest.mark.parametrize("name", sorted(_FLOORS))
def test_compounds_of_the_domain_have_the_parts_a_person_would_name(name: str) -> None:
    wrong = [word for word, parts in _GOLD[name].items() if _SPLITTER.parts(fold(word)) != tuple(map(fold, parts))]
    assert 1 - len(wrong) / len(_GOLD[name]) >= _FLOORS[name], wrong


def test_words_that_are_one_word_to_a_person_stay_whole() -> None:
    whole = _GOLD["whole"] + _GOLD["held_out_whole"]
    split = [word for word in whole if _SPLITTER.parts(fold(word))]
    assert len(split) / len(whole) <= 0.05, split


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("Anerkennungsverfahren", ("anerkennung", "verfahren")),
        ("Fachkräfteeinwanderungsgesetz", ("fachkraft", "einwanderung", "gesetz")),
        ("Fachkraefteeinwanderungsgesetz", ("fachkraft", "einwanderung", "gesetz")),
        ("KONTOERÖFFNUNG", ("konto", "eroffnung")),
        ("Ausbildung", ()),
        ("Beratung", ()),
        ("Wohnungen", ()),
    ],
)
def test_spelling_and_folding_across_the_joint_do_not_matter(word: str, parts: Sequence[str]) -> None:
    assert _SPLITTER.parts(fold(word)) == tuple(parts)


def test_the_parts_of_a_text_come_once_and_in_order() -> None:
    text = "Berufsschule oder Sprachkurs? Die Beratungsstelle hilft; Sprachkurse in Chemnitz."
    assert _SPLITTER.text_parts(text) == ("beruf", "schule", "sprach", "kurs", "beratung", "stelle")


def test_fewer_atoms_win_and_frequency_decides_between_equals() -> None:
    fewer = CompoundSplitter({"fach": 9, "kraft": 9, "fachkraft": 1, "mangel": 1})
    assert fewer.parts("fachkraftmangel") == ("fachkraft", "mangel")
    frequent = CompoundSplitter({"staub": 1, "ecken": 1, "stau": 50, "becken": 50})
    assert frequent.parts("staubecken") == ("stau", "becken")


def test_a_form_that_only_begins_compounds_does_not_end_one() -> None:
    splitter = CompoundSplitter({"sprach-": 1, "kurs": 1, "gebarden": 1})
    assert splitter.parts("sprachkurs") == ("sprach", "kurs")
    assert splitter.parts("gebardensprach") == ()


def test_a_splitter_without_atoms_splits_nothing() -> None:
    assert CompoundSplitter({}).parts("aufenthaltserlaubnis") == ()


@given(any_text)
def test_no_text_makes_it_fail(text: str) -> None:
    _SPLITTER.parts(text)
    _SPLITTER.text_parts(text)


@given(atom_like_words)
def test_the_parts_stand_in_the_word_in_order(word: str) -> None:
    position = 0
    for part in _SPLITTER.parts(word):
        # An e that folding dropped at the joint is the only letter given back.
        letters = part if part in word[position:] else part.removeprefix("e")
        assert letters in word[position:], part
        position = word.index(letters, position) + len(letters)


@given(atom_like_words)
def test_a_compound_has_at_least_two_parts_and_a_part_is_never_split_again(word: str) -> None:
    parts = _SPLITTER.parts(word)
    assert len(parts) != 1
    assert not any(map(_SPLITTER.parts, parts))


@given(atom_like_words)
def test_the_answer_does_not_depend_on_what_was_asked_before(word: str) -> None:
    fresh = CompoundSplitter(dict.fromkeys(_SOME_ATOMS, 1))
    assert _FEW_ATOMS.parts(word) == _FEW_ATOMS.parts(word) == fresh.parts(word)


def test_a_word_no_one_writes_is_not_even_tried() -> None:
    longest = ("arbeit" * LONGEST_WORD)[:LONGEST_WORD]
    assert _SPLITTER.parts("arbeit" * 67) == ()
    assert _SPLITTER.parts(longest[: LONGEST_WORD // 6 * 6]) == ("arbeit",) * (LONGEST_WORD // 6)


@pytest.mark.parametrize("line", ["arbeit", "arbeit viel", "arbeit 0", "arbeit -1", "arbeit 1 2"])
def test_a_malformed_line_of_atoms_is_refused(tmp_path: Path, line: str) -> None:
    file = tmp_path / "atoms.txt"
    file.write_text(f"# comment\nberuf 3\n{line}\n", "utf-8")
    with pytest.raises(ValueError, match="not an atom"):
        load_splitter(file)


def test_a_compound_of_known_atoms_is_no_atom_but_counts_for_its_parts() -> None:
    texts = ["Der Antrag, die Anträge, ein Visumsantrag", "das Visum"]
    assert build_atoms(texts, []) == {"antrag": 3, "visum": 2}


def test_half_words_and_words_also_written_small_are_no_atoms() -> None:
    texts = ["Anerkennungs- und Beratungsstelle", "Welche Stelle", "welche Beratung"]
    assert build_atoms(texts, []) == {"beratung": 2, "stelle": 2}


def test_a_chosen_word_is_never_taken_for_a_compound() -> None:
    atoms = build_atoms(["Arbeit mit dem Geber", "Arbeitgeber"], ["Arbeitgeber", "Sprach-"])
    assert atoms == {"arbeit": 1, "arbeitgeber": 2, "geber": 1, "sprach-": 1}


def test_the_order_of_the_texts_does_not_matter() -> None:
    texts = list(own_texts(load_thesaurus()))[:60]
    chosen = list(chosen_words())[:100]
    assert build_atoms(texts, chosen) == build_atoms(reversed(texts), reversed(chosen))


def test_only_german_prose_of_the_starting_data_is_read(tmp_path: Path) -> None:
    (tmp_path / "needs.yaml").write_text("needs: [Frage]", "utf-8")
    (tmp_path / "region.yaml").write_text(
        "- {id: Kennung, texts: [{language_code: de, title: Titel}, {language_code: en, title: English}]}", "utf-8"
    )
    texts = list(own_texts(load_thesaurus(tmp_path / "none"), tmp_path))
    assert "Titel" in texts
    assert not {"Frage", "Kennung", "English"} & set(texts)
