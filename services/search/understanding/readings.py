"""Other ways to read what was typed: the wrong keyboard layout, chat alphabets, other scripts in Latin letters.

Only tried when a question in Latin letters links to nothing surely, because each reading of an ordinary word is noise.
"""

import re

from anyascii import anyascii

_LATIN_KEYS = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_RUSSIAN = str.maketrans(_LATIN_KEYS, "йцукенгшщзхъфывапролджэячсмитьбюё")
_UKRAINIAN = str.maketrans(_LATIN_KEYS, "йцукенгшщзхїфівапролджєячсмитьбю'")

_GERMAN_KEYS = "qwertzuiopü+asdfghjklöä#yxcvbnm,.^"
"""The same keys as a German keyboard names them."""
_RUSSIAN_BY_GERMAN = str.maketrans(_GERMAN_KEYS, "йцукенгшщзхъфывапролджэ\\ячсмитьбюё")
_UKRAINIAN_BY_GERMAN = str.maketrans(_GERMAN_KEYS, "йцукенгшщзхїфівапролджєґячсмитьбю'")
_UMLAUT = re.compile("[äöüß]", re.IGNORECASE)
_LATIN = re.compile(r"[\x00-\x7fäöüßÄÖÜ]*")

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

_CHAT_DIGIT = re.compile(r"[a-z][2356789]|[2356789][a-z]")
_TELLING = 4
"""Letters; without a digit a shorter text is no sign of Arabic: "Werk" would be the Urdu word for work."""
_SHORT_VOWEL = re.compile(r"(?<![aeiou\s])[aeiu](?![aeiou])")

_SPELT_OUT = re.compile(r"[\u0900-\u097f\u10a0-\u10ff\u1200-\u137f]")
"""Devanagari, Georgian and Ethiopic write their vowels."""
_CHINESE = re.compile(r"[\u3400-\u9fff]+")

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
    """Return `text` as typed on a Russian, a Ukrainian keyboard and in Arabizi; empty unless its letters allow it."""
    if not _LATIN.fullmatch(text):
        return ()
    lower = text.lower()
    if _UMLAUT.search(lower):
        # Umlauts are keys of a German keyboard only, and no letters of chat Arabic.
        return lower.translate(_RUSSIAN_BY_GERMAN), lower.translate(_UKRAINIAN_BY_GERMAN)
    keyboards = lower.translate(_RUSSIAN), lower.translate(_UKRAINIAN)
    # Arabic writes long vowels only, chat writes all of them: once with every vowel, once with none.
    chat = _arabizi(lower), _arabizi(_SHORT_VOWEL.sub("", lower))
    if _CHAT_DIGIT.search(lower):
        return *keyboards, *chat
    return *keyboards, *(text for text in chat if sum(map(str.isalpha, text)) >= _TELLING)


def romanised(label: str) -> str | None:
    """Return a label in the Latin letters people type it with, None for a script without a common way to do so.

    Arabic writing leaves the vowels out, so there only the labels' own hidden spellings help.
    """
    lower = label.lower()
    roman = lower.translate(_ROMAN)
    if roman != lower:
        return roman
    if _SPELT_OUT.search(lower):
        return anyascii(lower)
    # Pinyin without tones: people write some syllables together, so all stand together: most n-grams are inside.
    pinyin = _CHINESE.sub(lambda run: f" {anyascii(run.group()).lower()} ", lower)
    return " ".join(pinyin.split()) if pinyin != lower else None


def _arabizi(text: str) -> str:
    for pair, letter in _ARABIZI_PAIRS.items():
        text = text.replace(pair, letter)
    return text.translate(_ARABIZI_LETTERS)
