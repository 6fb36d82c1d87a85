"""Type-ahead over Saxon places: what is typed in any script leads to the districts a filter takes."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.search.understanding.fold import fold
from services.search.understanding.places import DEFAULT_FILE, District, districts_in
from services.search.understanding.prefixes import PrefixTable, prefix_of
from services.search.yaml_files import read_yaml

_SCRIPTS = {
    **dict.fromkeys(("ar", "fa", "ur"), "ARABIC"),
    **dict.fromkeys(("ru", "uk", "bg", "ky", "sr"), "CYRILLIC"),
    "zh": "CJK",
    "hi": "DEVANAGARI",
    "ti": "ETHIOPIC",
    "ka": "GEORGIAN",
}
"""Script by language, as Unicode names its letters; all others write LATIN."""
_INSIDE_SENTENCES = ("在", "我", "来", "住", "ኣብ ", "ናብ ", "ካብ ", "in ", "im ", "ở ")
"""Entries that begin so are parts of questions, of use for finding but not for showing."""
_SAME_START = 4
"""Letters: two names of one district that share them are one place (Dresden, Dresdner; Grimma, Grimmaer)."""
_CITIES = frozenset({"14511", "14612", "14713"})
"""Chemnitz, Dresden, Leipzig: all names of these districts mean one city; elsewhere they are many towns."""


@dataclass(frozen=True, slots=True)
class PlaceName:
    """A place: its name to show, and the codes (AGS, five digits) of the districts it lies in."""

    label: str
    districts: tuple[District, ...]


@dataclass(frozen=True, slots=True)
class _Name:
    label: str
    districts: tuple[District, ...]
    position: int


class PlaceSuggester:
    """Looks a prefix up in the names of all places; immutable after it is built."""

    def __init__(self, entries: Sequence[tuple[tuple[District, ...], Sequence[str]]]) -> None:
        names = [name for districts, spellings in entries if districts for name in _names(districts, spellings)]
        self._table = PrefixTable((name.label, name) for name in names)
        self._in_script: dict[tuple[tuple[District, ...], str], str] = {}
        for name in names:
            self._in_script.setdefault((name.districts, _script(name.label)), name.label)

    def suggest(self, prefix: str, language: str, limit: int) -> tuple[PlaceName, ...]:
        """Return at most `limit` places, each once: better known ones first, in the script of `language` if known."""
        wanted = prefix_of(prefix)
        script = _SCRIPTS.get(language.partition("-")[0].lower(), "LATIN")
        shown: dict[tuple[tuple[District, ...], str], PlaceName] = {}
        for name in sorted(self._table.first_words(wanted), key=_better_known):
            place = "" if _is_city(name) else fold(name.label)[:_SAME_START]
            shown.setdefault((name.districts, place), PlaceName(self._label(name, script), name.districts))
        known = {districts for districts, _ in shown}
        for name in sorted(self._table.later_words(wanted), key=_better_known):
            # "Landkreis Görlitz", "Raum Görlitz": the place itself stands there already.
            if name.districts not in known:
                shown.setdefault((name.districts, ""), PlaceName(self._label(name, script), name.districts))
        return tuple(shown.values())[: max(limit, 0)]

    def _label(self, name: _Name, script: str) -> str:
        """Only a city has a name in each script that surely is its own; a town is shown as it was found."""
        return self._in_script.get((name.districts, script), name.label) if _is_city(name) else name.label


def load_place_suggester(file: Path = DEFAULT_FILE) -> PlaceSuggester:
    """Read the places; raises OSError or yaml.YAMLError when the file is missing or broken."""
    entries: list[dict[str, Any]] = read_yaml(file)
    # The state is no district that a filter takes.
    return PlaceSuggester([(districts_in(entry["districts"]), entry["names"]) for entry in entries])


def _names(districts: tuple[District, ...], spellings: Sequence[str]) -> Iterator[_Name]:
    for position, spelling in enumerate(spellings):
        # The mark says that endings may follow; a word inside that carries it is a stem and no name to show.
        label = spelling.removesuffix("*")
        if "*" not in label and not label.startswith(_INSIDE_SENTENCES):
            yield _Name(label, districts, position)


def _better_known(name: _Name) -> tuple[int, str]:
    """Order by the place in the list: it begins with the district's own name and its larger towns."""
    return name.position, name.label


def _is_city(name: _Name) -> bool:
    return len(name.districts) == 1 and name.districts[0] in _CITIES


def _script(label: str) -> str:
    return unicodedata.name(label[0], "").partition(" ")[0]
