"""Other readings of the same keys: keyboards, chat Arabic, and Cyrillic in Latin letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.understanding.readings import other_readings, romanised


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gjbcr hf,jns", "поиск работы"),
        ("Ghbdtn", "привет"),
        ("rdfhnbhf", "квартира"),
    ],
)
def test_a_russian_keyboard_is_read_from_the_keys_of_an_american_one(typed: str, meant: str) -> None:
    assert other_readings(typed)[0] == meant


@pytest.mark.parametrize(
    ("typed", "russian", "ukrainian"),
    [
        ("üjxe öbnm", "хочу жить", "хочу жить"),
        ("zbzf öäöä", "нина жэжэ", "нина жєжє"),
        ("ÜKT<", "хле<", "хле<"),
    ],
)
def test_umlauts_mean_the_keys_of_a_german_keyboard(typed: str, russian: str, ukrainian: str) -> None:
    first, second = other_readings(typed)
    assert first == russian
    assert second.replace("і", "и") == ukrainian


def test_ukrainian_letters_come_from_a_ukrainian_keyboard() -> None:
    assert other_readings("ldthb ;bnkj sp']")[1] == "двери житло ізєї"


@pytest.mark.parametrize(("typed", "meant"), [("3a9d", "عقد"), ("5bz", "خبز"), ("7a9", "حق")])
def test_digits_of_chat_arabic_stand_for_the_letters_they_resemble(typed: str, meant: str) -> None:
    assert meant in other_readings(typed)


def test_a_short_word_without_such_a_digit_is_not_read_as_arabic() -> None:
    assert len(other_readings("Werk")) == 2
    assert len(other_readings("Werkstatt")) == 4
    assert len(other_readings("3amal")) == 4


@pytest.mark.parametrize("typed", ["квартира", "عقد", "čeština", "năm", "中"])
def test_a_text_in_letters_of_its_own_has_no_other_reading(typed: str) -> None:
    assert other_readings(typed) == ()


@given(st.text(max_size=80))
def test_any_text_has_at_most_four_readings(typed: str) -> None:
    assert len(other_readings(typed)) <= 4


@pytest.mark.parametrize(
    ("label", "roman"),
    [
        ("подтвердить диплом", "podtverdit diplom"),
        ("Житло", "zhitlo"),
        ("ბინა", "bina"),
        ("找工作 Kita 名额", "zhaogongzuo kita minge"),
        ("Wohnung", None),
        ("عقد", None),
    ],
)
def test_a_label_in_latin_letters_is_spelt_as_people_type_it(label: str, roman: str | None) -> None:
    assert romanised(label) == roman
