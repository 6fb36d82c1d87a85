"""A story is taken apart where its clauses end; nothing of it is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.understanding.clauses import clauses


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Mein Chef zahlt nicht", ("Mein Chef zahlt nicht",)),
        (
            "Ich bin seit Mai hier, arbeite in einer Bäckerei, und mein Chef hat noch nicht gezahlt.",
            ("Ich bin seit Mai hier", "arbeite in einer Bäckerei", "und mein Chef hat noch nicht gezahlt"),
        ),
        ("Der Kurs um 18:30 Uhr kostet 3.000 Euro", ("Der Kurs um 18:30 Uhr kostet 3.000 Euro",)),
        ("Hallo, ich suche eine Wohnung für uns", ("Hallo ich suche eine Wohnung für uns",)),
        ("我住在莱比锡，老板三个月没有发工资。怎么办？", ("我住在莱比锡", "老板三个月没有发工资", "怎么办")),
        ("أسكن في درسدن، وصاحب العمل لم يدفع لي. ماذا أفعل الآن؟", None),
    ],
)
def test_clauses_end_where_people_pause_and_short_ones_go_with_their_neighbours(
    text: str, parts: tuple[str, ...] | None
) -> None:
    found = clauses(text)
    assert found == parts if parts else len(found) == 3


@given(st.text(max_size=400))
def test_any_text_has_at_most_five_clauses_and_none_is_empty(text: str) -> None:
    found = clauses(text)
    assert len(found) <= 5
    assert all(part.strip() == part != "" for part in found)


@given(st.lists(st.sampled_from(["eins zwei drei", "vier", "fünf sechs sieben acht"]), max_size=30))
def test_no_word_is_lost(parts: list[str]) -> None:
    assert " ".join(clauses(". ".join(parts))).split() == " ".join(parts).split()
