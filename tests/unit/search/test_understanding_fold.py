"""Folding gives one spelling for what people type alike, and survives any text at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.understanding.fold import fold, tokens_of

any_text = st.text(alphabet=st.characters(exclude_categories=()), max_size=80)
"""Every code point there is, lone surrogates and unassigned ones included."""

tricky_text = st.text(alphabet="學歷乾乹著aeouqäöüßÄéèıİłđœæſ'’´ʻ‌‍­ـًأإآةكيىабвиїйёґaсeрẞǅΰﷺ가가が゙๐٣ \t\n", max_size=40)


@given(any_text)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(tricky_text)
def test_folding_twice_changes_nothing_for_the_letters_it_treats_specially(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(any_text)
def test_folded_text_has_no_control_bidi_or_zero_width_character(text: str) -> None:
    assert all(character.isprintable() for character in fold(text))


@given(any_text)
def test_tokens_are_never_empty_and_stand_in_the_folded_text(text: str) -> None:
    folded = fold(text)
    assert all(token and token in folded for token in tokens_of(folded))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Ueberstunden", "Überstunden"),
        ("Kuendigung", "Kündigung"),
        ("STRASSE", "Straße"),
        ("إقامة", "اقامه"),
        ("مُدَرِّسَة", "مدرسة"),
        ("مي\u200cخواهم", "میخواهم"),
        ("كتابي", "کتابی"),
        ("Пaспopт", "паспорт"),
        ("ёлка", "елка"),
        ("Київ", "Киів"),
        ("KIRALIK", "kıralık"),
        ("lodz", "Łódź"),
        ("da nang", "Đà Nẵng"),
        ("o'zbek", "oʻzbek"),
        ("m’aider", "maider"),
        ("\u202ebyt\u202c", "byt"),
        ("٣", "3"),
        ("學歷認證", "学历认证"),
        ("找房子嗰個", "找房子嗰个"),
    ],
)
def test_spellings_of_one_word_fold_to_one_form(typed: str, meant: str) -> None:
    assert fold(typed) == fold(meant)


@pytest.mark.parametrize("word", ["neue", "bauen", "quelle", "treue", "steuer", "mauer"])
def test_ue_after_a_e_or_q_is_no_umlaut(word: str) -> None:
    assert fold(word) == word


def test_vowel_signs_that_carry_meaning_are_kept() -> None:
    assert tokens_of(fold("हिन्दी में")) == ("हिन्दी", "में")
    assert fold("が") != fold("か")
