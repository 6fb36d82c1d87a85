"""Saxon places in a question, in any script, as the districts they lie in."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.search.understanding.phrases import Found, PhraseTable
from services.search.yaml_files import read_yaml

DEFAULT_FILE = Path(__file__).with_name("places.yaml")
"""Names and districts; its first lines say where they come from."""

District = str
"""Official district code (AGS), five digits; or STATE."""
STATE: District = "14"
"""Saxony's own official code: whoever names the state asks for what serves all of it."""


def districts_in(codes: Sequence[District]) -> tuple[District, ...]:
    """Give the codes that name a district."""
    return tuple(code for code in codes if code != STATE)


class Places:
    """All known names; Saxony is one too, with its own code, and Germany, without any."""

    def __init__(self, entries: Sequence[tuple[tuple[District, ...], Sequence[str]]]) -> None:
        self._names: PhraseTable[tuple[District, ...]] = PhraseTable()
        for districts, names in entries:
            for name in names:
                self._names.add(name, districts)

    def find(self, tokens: Sequence[str]) -> Found[District]:
        """Return the districts named, in order, and the words left without the place names."""
        found = self._names.find(tokens)
        districts = dict.fromkeys(district for codes in found.values for district in codes)
        return Found(tuple(districts), found.rest)


def load_places(file: Path = DEFAULT_FILE) -> Places:
    """Read the places; raises OSError or yaml.YAMLError when the file is missing or broken."""
    entries: list[Mapping[str, Any]] = read_yaml(file)
    return Places([(tuple(entry["districts"]), entry["names"]) for entry in entries])
