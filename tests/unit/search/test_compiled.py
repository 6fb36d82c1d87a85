"""The linker that is kept in a file: the same as a fresh one, never needed, and never trusted when it is broken."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from services.search.understanding.compiled import compiled_linker, fingerprint
from services.search.understanding.linker import IndexedLabel, Linker, build_linker

STOP_WORDS = ("der", "ich")
LABELS = [
    IndexedLabel("wages", ("der", "lohn", "fehlt"), "der Lohn fehlt", "de", "der lohn fehlt"),
    IndexedLabel("wages", ("зарплата",), "Зарплата", "uk", "зарплата"),
    IndexedLabel("housing", ("wohnung",), "Wohnung", "de", "wohnung"),
    IndexedLabel("nothing", (), "…", "de"),
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "labels.yaml"
    file.write_text("one")
    return file


def never() -> list[IndexedLabel]:
    raise AssertionError("the kept linker should have been read")


def compiled(source: Path, folder: Path, labels: Callable[[], list[IndexedLabel]] = lambda: LABELS) -> Linker:
    return compiled_linker([source], labels, STOP_WORDS, folder=folder)


def kept(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def same(one: Linker, other: Linker) -> bool:
    questions = [("lohn",), ("ich", "wohnung"), ("зарплату",), ("nichts", "davon"), ()]
    return (
        list(one.labels) == list(other.labels)
        and one.concepts == other.concepts
        and all(one.link(words) == other.link(words) for words in questions)
        and all(np.array_equal(one.scores(words).values, other.scores(words).values) for words in questions)
    )


def test_the_kept_linker_equals_a_fresh_one(source: Path, tmp_path: Path) -> None:
    made = compiled(source, tmp_path / "kept")
    read = compiled(source, tmp_path / "kept", never)
    assert same(made, build_linker(LABELS, STOP_WORDS))
    assert same(read, made)


def test_a_linker_without_labels_is_kept_too(source: Path, tmp_path: Path) -> None:
    compiled(source, tmp_path / "kept", list)
    assert compiled(source, tmp_path / "kept", never).link(("lohn",)) == []


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut short"])
def test_a_broken_file_is_ignored_and_made_anew(source: Path, tmp_path: Path, content: bytes) -> None:
    compiled(source, tmp_path / "kept")
    kept(tmp_path / "kept").write_bytes(content)
    assert same(compiled(source, tmp_path / "kept"), build_linker(LABELS, STOP_WORDS))
    assert same(compiled(source, tmp_path / "kept", never), build_linker(LABELS, STOP_WORDS))


def test_a_file_cut_short_is_ignored(source: Path, tmp_path: Path) -> None:
    compiled(source, tmp_path / "kept")
    file = kept(tmp_path / "kept")
    file.write_bytes(file.read_bytes()[:-200])
    assert same(compiled(source, tmp_path / "kept"), build_linker(LABELS, STOP_WORDS))


def test_another_state_of_the_sources_is_compiled_anew_and_replaces_the_old_one(source: Path, tmp_path: Path) -> None:
    compiled(source, tmp_path / "kept")
    before = kept(tmp_path / "kept").name
    source.write_text("two")
    assert compiled(source, tmp_path / "kept", lambda: LABELS[2:3]).concepts == ("housing",)
    assert kept(tmp_path / "kept").name != before


def test_where_nothing_can_be_written_the_linker_is_made_each_time(source: Path, tmp_path: Path) -> None:
    in_the_way = tmp_path / "kept"
    in_the_way.write_text("a file where the folder should be")
    for _ in range(2):
        assert same(compiled(source, in_the_way), build_linker(LABELS, STOP_WORDS))
    assert in_the_way.read_text() == "a file where the folder should be"


def test_the_fingerprint_changes_with_content_and_name_and_not_with_the_order(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("a")
    two.write_text("b")
    assert fingerprint([one, two]) == fingerprint([two, one])
    before = fingerprint([one, two])
    one.write_text("b")
    two.write_text("a")
    assert fingerprint([one, two]) != before
