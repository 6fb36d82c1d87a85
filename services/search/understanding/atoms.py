"""Builds `atoms.txt`, the words that German compounds are made of, from our own texts and from no other source.

`python -m services.search.understanding.atoms` reads the German labels and definitions of the thesaurus, the German
texts of the starting data, and `atom_words.txt`. A noun of the texts that known atoms make up is a compound: it is not
written, but its parts count once more. Run it again when those texts have changed; the result depends on them alone.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from services.search.thesaurus import Thesaurus, load_thesaurus
from services.search.understanding.compounds import DEFAULT_FILE, FIRST_ONLY, CompoundSplitter
from services.search.understanding.fold import fold

WORDS_FILE = Path(__file__).with_name("atom_words.txt")
"""Words chosen by hand; they may be shorter than those of the texts and are never taken for a compound."""
SEED_FOLDER = Path(__file__).parents[2] / "node" / "seed"
_QUESTIONS = "needs.yaml"
"""Questions to measure the search by: no word of theirs may reach what is measured."""

_NOUN = re.compile(r"\b[A-ZÄÖÜ][a-zäöüß]{4,23}\b(?!-)")
"""Not the first half of "Anerkennungs- und Qualifizierungsberatung", which is no word of its own."""
_LOWER_CASE = re.compile(r"\b[a-zäöüß]{5,}\b")
_NOT_TEXT = frozenset({"id", "provenance", "email", "url", "phone", "topics", "city"})
_HEADER = """\
# Words that German compounds are made of: folded, each with its frequency; a trailing hyphen: only begins a compound.
# Built by services/search/understanding/atoms.py from the German labels and definitions of services/search/thesaurus,
# the German texts of services/node/seed and the hand-written atom_words.txt. No other word list went into it.
"""


def build_atoms(texts: Iterable[str], chosen: Iterable[str]) -> dict[str, int]:
    """Return atoms with their frequency: all of `chosen`, and the nouns of `texts` that are no compounds of others."""
    atoms = Counter(dict.fromkeys(map(_folded_entry, chosen), 1))
    nouns = _nouns(texts)
    # Shorter words first: a compound is longer than its parts.
    for _, same_length in groupby(sorted(nouns, key=lambda noun: (len(noun), noun)), key=len):
        splitter = CompoundSplitter(atoms)
        for noun in same_length:
            atoms.update(dict.fromkeys(_made_of(noun, splitter, atoms), nouns[noun]))
    return dict(sorted(atoms.items()))


def own_texts(thesaurus: Thesaurus, seed_folder: Path = SEED_FOLDER) -> Iterator[str]:
    """Yield every German text of the thesaurus and of the starting data."""
    for concept in thesaurus.values():
        yield concept.definition
        yield from concept.labels.get("de", ())
    for path in sorted(seed_folder.glob("*.yaml")):
        if path.name != _QUESTIONS:
            yield from _german_strings(yaml.safe_load(path.read_text("utf-8")))


def chosen_words(file: Path = WORDS_FILE) -> Iterator[str]:
    """Yield the words chosen by hand, as typed."""
    for line in file.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            yield from line.split()


def main() -> None:
    """Write `atoms.txt` beside this module."""
    atoms = build_atoms(own_texts(load_thesaurus()), chosen_words())
    lines = (f"{atom} {frequency}\n" for atom, frequency in atoms.items())
    DEFAULT_FILE.write_text(_HEADER + "".join(lines), "utf-8")


def _folded_entry(word: str) -> str:
    return fold(word.removesuffix(FIRST_ONLY)) + (FIRST_ONLY if word.endswith(FIRST_ONLY) else "")


def _nouns(texts: Iterable[str]) -> Counter[str]:
    """Count the capitalised words that never stand in lower case, which are nouns but for few."""
    capitalised: Counter[str] = Counter()
    lower_case: set[str] = set()
    for text in texts:
        capitalised.update(map(fold, _NOUN.findall(text)))
        lower_case.update(map(fold, _LOWER_CASE.findall(text)))
    return Counter({noun: count for noun, count in capitalised.items() if noun not in lower_case})


def _made_of(noun: str, splitter: CompoundSplitter, atoms: Counter[str]) -> tuple[str, ...]:
    """Return the atoms that a noun is evidence for: its parts, its base form, or itself."""
    parts = splitter.parts(noun)
    if parts:
        return tuple(part if part in atoms else part + FIRST_ONLY for part in parts)
    return (splitter.base(noun) or noun,)


def _german_strings(node: Any) -> Iterator[str]:
    """Walk parsed YAML; texts in other languages, and fields that hold no prose, are left out."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for item in node:
            yield from _german_strings(item)
    elif isinstance(node, dict) and node.get("language_code", "de") == "de":
        for key, value in node.items():
            if key not in _NOT_TEXT:
                yield from _german_strings(value)


if __name__ == "__main__":
    main()
