"""Other ways to read what was typed: the wrong keyboard layout, chat alphabets, Cyrillic in Latin letters.

Only tried when a question in ASCII links to nothing, because each reading of an ordinary word is noise.
"""

import re

_LATIN_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_RUSSIAN = str.maketrans(_LATIN_KEYS, "йцукенгшщзхъфывапролджэячсмитьбюё")
_UKRAINIAN = str.maketrans(_LATIN_KEYS, "йцукенгшщзхїфівапролджєячсмитьбю'")

_ARABIZI_PAIRS = {"sh": "ش", "ch": "ش", "th": "ث", "kh": "خ", "gh": "غ", "dh": "ذ", "ou": "و", "oo": "و", "ee": "ي"}
_ARABIZI_LETTERS = str.maketrans(
    {
        "2": "ا", "3": "ع", "5": "خ", "6": "ط", "7": "ح", "8": "ق", "9": "ق",
        "a": "ا", "b": "ب", "c": "ك", "d": "د", "e": "", "f": "ف", "g": "ج", "h": "ه", "i": "ي", "j": "ج",
        "k": "ك", "l": "ل", "m": "م", "n": "ن", "o": "و", "p": "ب", "q": "ق", "r": "ر", "s": "س", "t": "ت",
        "u": "و", "v": "ف", "w": "و", "x": "كس", "y": "ي", "z": "ز",
    }
)  # fmt: skip
"""The common chat alphabet for Arabic: digits stand for the letters they resemble."""

_SHORT_VOWEL = re.compile(r"(?<![aeiou\s])[aeiu](?![aeiou])")

_ROMAN = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "ё": "e", "є": "ye", "ж": "zh",
        "з": "z", "и": "i", "і": "i", "ї": "i", "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o",
        "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh",
        "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya", "ө": "o", "ү": "u", "ң": "n",
        "ў": "o", "қ": "q", "ғ": "g", "ҳ": "h",
    }
)  # fmt: skip


def other_readings(text: str) -> tuple[str, ...]:
    """Return `text` as if typed on a Russian, a Ukrainian keyboard and in Arabizi; empty unless it is ASCII."""
    if not text.isascii():
        return ()
    lower = text.lower()
    keyboards = lower.translate(_RUSSIAN), lower.translate(_UKRAINIAN)
    # Arabic writes long vowels only, chat writes all of them: once with every vowel, once with none.
    return *keyboards, _arabizi(lower), _arabizi(_SHORT_VOWEL.sub("", lower))


def romanised(label: str) -> str | None:
    """Return a Cyrillic label in the Latin letters people type it with, None when it has no Cyrillic letter."""
    lower = label.lower()
    roman = lower.translate(_ROMAN)
    return None if roman == lower else roman


def _arabizi(text: str) -> str:
    for pair, letter in _ARABIZI_PAIRS.items():
        text = text.replace(pair, letter)
    return text.translate(_ARABIZI_LETTERS)
