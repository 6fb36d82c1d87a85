"""How a single label is written: its script, its words, and slips of the keyboard and of YAML."""

import re
import string
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml

from services.search.thesaurus.loader import Concept

_FUNCTION_WORDS_FILE = Path(__file__).parents[1] / "understanding" / "stopwords.yaml"

SCRIPTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "uk": ("CYRILLIC",),
        "ru": ("CYRILLIC",),
        "bg": ("CYRILLIC",),
        "ky": ("CYRILLIC",),
        "ar": ("ARABIC",),
        "fa": ("ARABIC",),
        "ur": ("ARABIC",),
        "ka": ("GEORGIAN",),
        "ti": ("ETHIOPIC",),
        "hi": ("DEVANAGARI",),
        "zh": ("CJK",),
        # Written in two scripts by the people who speak it: Kurmanji and Sorani, Latin and Cyrillic.
        "ku": ("LATIN", "ARABIC"),
        "sr": ("LATIN", "CYRILLIC"),
        "uz": ("LATIN", "CYRILLIC"),
    }
)
"""The first word of the Unicode names of a language's letters; a language not named here is written in Latin."""
_LATIN = ("LATIN",)
_WITHOUT_WORD_SPACES = ("zh",)
_LETTERS = re.compile(r"[^\W\d_]+")
_ABBREVIATION = re.compile(r"(?=(?:[^A-ZÄÖÜ0-9]*[A-ZÄÖÜ0-9]){2})[\w§/.-]{2,6}")
"""Two capitals or digits within six characters: ZAB, A1, §16d."""
_JOINERS = "\u200c\u200d"
"""Persian, Urdu and Kurdish join and part letters with them inside a word."""
_YAML_CONSTANTS = ("True", "False", "None")


@cache
def function_words() -> Mapping[str, frozenset[str]]:
    """Return the function words per language, as the linker has them, split into words in lower case."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    listed = yaml.load(_FUNCTION_WORDS_FILE.read_text("utf-8"), Loader=loader)  # noqa: S506 - both loaders are safe ones
    return MappingProxyType(
        {tag: frozenset(part for word in words for part in words_of(str(word))) for tag, words in listed.items()}
    )


def words_of(label: str) -> Iterator[str]:
    """Yield the words of a label in lower case, marks and tones kept: Vietnamese "chỗ" is not "cho"."""
    for part in unicodedata.normalize("NFC", label).casefold().split():
        if part.isalnum():
            yield part
        elif any(map(str.isalnum, part)):
            yield part.strip(string.punctuation)


def typing_fault(label: str) -> str | None:
    """Say what a look at the page would not show: spaces, invisible characters, what YAML took for a constant."""
    if label in _YAML_CONSTANTS:
        return "was read by YAML as a constant, put it in quotes"
    if label != " ".join(label.split()):
        return "has a space too many"
    if not label.isprintable() and not label.translate(dict.fromkeys(map(ord, _JOINERS))).isprintable():
        return "has an invisible character"
    return None


def labels_with_script_faults(concept: Concept) -> Iterator[tuple[str, str, str]]:
    """Yield (language, label, fault) of labels in the wrong script or with two scripts in one word.

    Abbreviations pass in every language, and so does a German or English label of the same concept: people
    use the word that stands on the sign (Arbeitsamt, uni-assist).
    """
    heard = {label.casefold() for tag in ("de", "en") for label in concept.labels.get(tag, ())}
    for language, labels in concept.labels.items():
        own = SCRIPTS.get(language, _LATIN)
        for label in labels:
            # Plain ASCII is Latin already; what has no word at all is found as empty.
            if (own == _LATIN and label.isascii()) or not any(words_of(label)):
                continue
            fault = _script_fault(label, language, own)
            if fault and not (fault.startswith("has no") and _is_loan(label, heard)):
                yield language, label, fault


def _script_fault(label: str, language: str, own: tuple[str, ...]) -> str | None:
    words = [{_script(letter) for letter in word} for word in _LETTERS.findall(unicodedata.normalize("NFKC", label))]
    found = {script for word in words for script in word} - {""}
    foreign = sorted(found.difference(own, _LATIN))
    if foreign:
        return f"has letters of a foreign script, {' and '.join(map(str.capitalize, foreign))}"
    if language not in _WITHOUT_WORD_SPACES and any(len(word - {""}) > 1 for word in words):
        return "mixes two scripts in one word, look for a letter of the wrong keyboard"
    if found.isdisjoint(own):
        return f"has no {' or '.join(map(str.capitalize, own))} letter"
    return None


def _is_loan(label: str, heard: set[str]) -> bool:
    return label.casefold() in heard or all(map(_ABBREVIATION.fullmatch, label.split()))


@cache
def _script(letter: str) -> str:
    """Return the script of a letter, nothing for a modifier letter (the ʻ of Uzbek is shared by several)."""
    return "" if unicodedata.category(letter) == "Lm" else unicodedata.name(letter, "").partition(" ")[0]
