"""Splits German compounds into the words they are made of, in some ten microseconds and for any text at all.

A word that is itself an atom, inflected or not, stays whole; so does one that is not atoms from end to end. The atoms
are data (`atoms.txt`, built by `atoms.py` from our own texts), so a wrong split is mended there and not here.
"""

import math
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from services.search.understanding.fold import fold, tokens_of

DEFAULT_FILE = Path(__file__).with_name("atoms.txt")
"""Folded atoms with their frequency; its first lines say where they come from."""

SHORTEST_WORD = 8
"""Letters, after folding: two words of four."""
LONGEST_WORD = 80
"""Letters; no office has yet made a longer word, and it bounds the cost of one that a machine typed."""
SHORTEST_ATOM = 3
FIRST_ONLY = "-"
"""Ends an atom that only begins a compound: `sprach-` in Sprachkurs, which is no word of its own."""

_CACHED_WORDS = 16_384
_LINKS = ("", "s", "es", "n", "en", "er", "e")
_ENDINGS = ("", "s", "es", "n", "en", "er", "e", "ern", "in", "innen")
"""Inflection of the last atom: "Arbeitsverträge" has the same parts as "Arbeitsvertrag"."""
_ATOM_COST = 1000.0
"""More than any sum of the other costs: fewer atoms always win, frequency decides between equals."""
_LINK_COST = 20.0
"""More than frequency can weigh: "Ausländer" is a word of its own before it is "Ausland" with an ending."""
_SHORT_COST = 2.0
"""Three letters stand in many words by chance."""


class _Form(NamedTuple):
    """An atom as it stands inside a word, with its linking element or ending."""

    atom: str
    cost: float


class _Step(NamedTuple):
    """The best way to read a word up to some letter: the last atom and where it begins."""

    cost: float
    start: int
    atom: str


class CompoundSplitter:
    """Finds the split with the fewest, then the most frequent atoms; safe to share, never fails."""

    def __init__(self, atoms: Mapping[str, int]) -> None:
        """Take folded atoms with their frequency (at least 1); one that ends in `FIRST_ONLY` is never the last."""
        self._first: dict[str, _Form] = {}
        self._last: dict[str, _Form] = {}
        total = sum(atoms.values())
        for entry, frequency in atoms.items():
            atom = entry.removesuffix(FIRST_ONLY)
            cost = math.log(total / frequency) + (_SHORT_COST if len(atom) <= SHORTEST_ATOM else 0.0)
            if entry == atom:
                _add_forms(self._first, atom, _LINKS, cost)
                _add_forms(self._last, atom, _ENDINGS, cost)
            else:
                _keep_cheapest(self._first, atom, _Form(atom, cost))
        self._longest = max(map(len, (*self._first, *self._last)), default=0)
        self._split_once = lru_cache(maxsize=_CACHED_WORDS)(self._split)

    def parts(self, word: str) -> tuple[str, ...]:
        """Return the atoms of a folded word in order, without linking elements; empty when it is no compound."""
        if not SHORTEST_WORD <= len(word) <= LONGEST_WORD or not (word.isascii() and word.isalpha()):
            return ()
        return self._split_once(word)

    def text_parts(self, text: str) -> tuple[str, ...]:
        """Return the parts of all words of an unfolded German text, each once, in the order they first stand there."""
        return tuple(dict.fromkeys(part for word in tokens_of(fold(text)) for part in self.parts(word)))

    def base(self, word: str) -> str | None:
        """Return the atom that a folded word is, inflected or not; None when it is none."""
        form = self._last.get(word)
        return form.atom if form else None

    def _split(self, word: str) -> tuple[str, ...]:
        if word in self._last or word in self._first:
            return ()
        steps: dict[int, _Step] = {0: _Step(0.0, 0, "")}
        for start in range(len(word) - SHORTEST_ATOM + 1):
            if start in steps:
                self._read_on(word, start, steps)
        return _atoms_read(steps, len(word))

    def _read_on(self, word: str, start: int, steps: dict[int, _Step]) -> None:
        """Add what one more atom from `start` reaches, where it is the best way to get there."""
        before = steps[start].cost + _ATOM_COST
        # Folding drops an e after a vowel, across the joint too: "Kontoeröffnung" is "kontoroffnung" by now.
        dropped = "e" if _may_have_lost_an_e(word, start) else ""
        for end in range(start + SHORTEST_ATOM - len(dropped), min(start + self._longest, len(word)) + 1):
            forms = self._last if end == len(word) else self._first
            letters = word[start:end]
            form = forms.get(letters) or (forms.get(dropped + letters) if dropped else None)
            if form and (end not in steps or before + form.cost < steps[end].cost):
                steps[end] = _Step(before + form.cost, start, form.atom)


@cache
def load_splitter(file: Path = DEFAULT_FILE) -> CompoundSplitter:
    """Read the atoms; raises OSError when the file is missing, ValueError for a line that is not `atom frequency`."""
    lines = file.read_text("utf-8").splitlines()
    return CompoundSplitter(dict(_entry(line) for line in lines if line and not line.startswith("#")))


def _entry(line: str) -> tuple[str, int]:
    atom, _, frequency = line.partition(" ")
    if not (frequency.isdecimal() and int(frequency) > 0):
        raise ValueError(f"not an atom with its frequency: {line!r}")
    return atom, int(frequency)


def _add_forms(forms: dict[str, _Form], atom: str, endings: tuple[str, ...], cost: float) -> None:
    for ending in endings:
        if _fits(atom, ending):
            _keep_cheapest(forms, atom + ending, _Form(atom, cost + (_LINK_COST + len(ending) if ending else 0.0)))


def _fits(atom: str, ending: str) -> bool:
    """Tell whether an atom can take an ending: -n follows e, l or r; no ending with e follows an e."""
    if ending == "n":
        return atom[-1] in "elr"
    return not (ending.startswith("e") and atom.endswith("e"))


def _keep_cheapest(forms: dict[str, _Form], letters: str, form: _Form) -> None:
    known = forms.get(letters)
    if known is None or form.cost < known.cost:
        forms[letters] = form


def _may_have_lost_an_e(word: str, start: int) -> bool:
    return start > 1 and word[start - 1] in "aou" and word[start - 2] not in "aeq"


def _atoms_read(steps: Mapping[int, _Step], end: int) -> tuple[str, ...]:
    """Follow the best way back from the end; empty when the end is not reached."""
    atoms: list[str] = []
    while end in steps and end > 0:
        atoms.append(steps[end].atom)
        end = steps[end].start
    return tuple(reversed(atoms)) if len(atoms) > 1 else ()
