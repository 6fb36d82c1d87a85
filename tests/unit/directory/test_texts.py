"""What may stand in a text: everything people write, nothing that deceives."""

import pytest

from services.directory.domain.texts import MAX_MARKS, is_blank, sort_key, text_faults

HONEST = [
    "Erstberatung für Zugewanderte",
    "Beratung < 3 Monate & mehr",
    "Консультація українською",
    "می‌خواهم کار کنم",  # Persian needs the zero-width non-joiner
    "مرحبا بكم",
    "क्‍ष",  # Devanagari needs the zero-width joiner
    "欢迎来到德累斯顿",
    "Tiếng Việt",
    "Straße, ẞ, Łódź, İstanbul",
    "שָׁלוֹם",
    "Familie 👨‍👩‍👧",
    "A & B; C",
]
DECEITFUL = [
    "Null\x00byte",
    "Zeile\nzwei",
    "Escape \x1b[31m",
    "links \u202e stehcer",
    "iso\u2066lat",
    "null\u200bbreit",
    "wort\u2060verbinder",
    "b\ufeffom",
    "soft\u00adhyphen",
    "a\u200cb",  # a joiner between Latin letters only hides a difference
    "\u200dBeratung",
    "tag\U000e0041",
    "private \ue000",
    "Zalgo" + "e" + "\u0301" * (MAX_MARKS + 1),
    "<b>fett</b>",
    "<script>",
    "</p>",
    "<!-- x -->",
    "&lt;b&gt;",
    "&#60;",
    "&#x3c;",
    "[Link](ziel)",
    "Absatz\u2029",
]


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_title_is_taken(text: str) -> None:
    assert list(text_faults(text, one_line=True)) == []


@pytest.mark.parametrize("text", DECEITFUL)
def test_a_deceitful_title_is_refused(text: str) -> None:
    assert list(text_faults(text, one_line=True))


def test_only_long_texts_have_paragraphs() -> None:
    assert list(text_faults("Eins\n\nZwei\tdrei", one_line=False)) == []
    assert list(text_faults("Eins\rZwei", one_line=False))


@pytest.mark.parametrize(
    ("text", "blank"), [(" \u00a0", True), ("– – –", True), ("A", False), ("7", False), ("اب", False)]
)
def test_a_title_without_letter_or_digit_is_blank(text: str, blank: bool) -> None:
    assert is_blank(text) is blank


def test_titles_sort_as_people_look_for_them() -> None:
    titles = ["Zeugnis", "Übersetzung", "arbeit", "Ärzte", "Unterkunft"]
    assert sorted(titles, key=sort_key) == ["arbeit", "Ärzte", "Übersetzung", "Unterkunft", "Zeugnis"]
    assert sort_key("Straße") == sort_key("STRASSE")
