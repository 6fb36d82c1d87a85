"""Folding: one spelling for everything people type alike, in any script.

`fold` never fails, whatever the input (lone surrogates included), and folding twice changes nothing.
Labels and queries pass through the same function, so it may be lossy; it is never shown to a person.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from services.search.understanding.ideographs import simplified

_APOSTROPHES = dict.fromkeys(map(ord, "'’‘‛`´ʼʻʹʽ′ˈ＇\u055a"))
"""Dropped before anything else, because NFKC turns some of them into a space and an accent."""

_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ı": "i",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ə": "e",
        # Cyrillic: letters people replace because their keyboard has the Russian layout.
        "ґ": "г",
        "ғ": "г",
        "қ": "к",
        "ң": "н",
        "ө": "о",
        "ү": "у",
        "ұ": "у",
        "ҳ": "х",
        # Arabic, Persian, Urdu, Kurdish: letter variants that look or sound alike.
        "ٱ": "ا",
        "ة": "ه",
        "ہ": "ه",
        "ھ": "ه",
        "ە": "ه",
        "ك": "ک",
        "ي": "ی",
        "ى": "ی",
        "ے": "ی",
        "ێ": "ی",
        "ۆ": "و",
        "ڵ": "ل",
        "ڕ": "ر",
        "ء": "",
        "ـ": "",
    }
)
_LETTERS.update(simplified())

_HOMOGLYPHS = str.maketrans("aceopxyikmthb", "асеорхуікмтнв")
"""Latin letters that look like Cyrillic ones, as they slip in on mixed keyboards."""

_CYRILLIC_WORD = re.compile(r"[a-z]*[\u0400-\u052f][a-z\u0400-\u052f]*")
_LATIN_LETTER = re.compile(r"[a-z]")
_KEPT_MARKS = re.compile(r"[\u0900-\u109f\u135d-\u135f\u3099\u309a]")
"""Marks of Indic, Thai, Tibetan, Burmese, Ethiopic and Japanese writing carry the vowel or the consonant: kept."""

_UMLAUT_DIGRAPHS = re.compile(r"(?<![aeq])(?:[aou]e+)+")
"""A whole run of them at once: replacing one by one would let the next pass find new ones."""

_CJK = r"\u3040-\u30ff\u3400-\u9fff"
_MARKS = r"\u0900-\u0963\u0971-\u0fff\u1000-\u109f\u135d-\u135f"
_TOKEN = re.compile(rf"[{_CJK}][\u3099\u309a]?|(?:[^\W_{_CJK}]|[{_MARKS}])+")
_CHARACTER = re.compile(f"[{_CJK}]")
_REMEMBERED = 8_192
"""Characters whose fate is remembered: all scripts of our languages use fewer, and a look-up costs a tenth."""
_MOST_PASSES = 8
"""Unicode's own normal forms settle after two or three passes; the bound only guards against surprises."""


def fold(text: str) -> str:
    """Return the search form of `text`: lower case, one form per sound-alike letter, single spaces."""
    for _ in range(_MOST_PASSES):
        folded = _fold_once(text)
        if folded == text:
            break
        text = folded
    return text


def tokens_of(folded: str) -> tuple[str, ...]:
    """Return the words of a folded text; marks that belong to a letter stay with it.

    Chinese and Japanese write no spaces: there each character is a token, which `joined` puts together again.
    """
    return tuple(_TOKEN.findall(folded))


def joined(tokens: Sequence[str]) -> tuple[str, ...]:
    """Return tokens with neighbouring Chinese or Japanese characters as one word."""
    words: list[str] = []
    open_run = False
    for token in tokens:
        is_character = bool(_CHARACTER.match(token))
        if is_character and open_run:
            words[-1] += token
        else:
            words.append(token)
        open_run = is_character
    return tuple(words)


def _fold_once(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).casefold()
    text = "".join(map(_fold_character, unicodedata.normalize("NFD", text)))
    text = unicodedata.normalize("NFC", text).translate(_LETTERS)
    text = _CYRILLIC_WORD.sub(_without_homoglyphs, text)
    text = _UMLAUT_DIGRAPHS.sub(lambda run: run.group().replace("e", ""), text)
    return " ".join(text.split())


@lru_cache(maxsize=_REMEMBERED)
def _fold_character(character: str) -> str:
    """Drop marks and invisible characters, turn control characters into spaces and any digit into ASCII."""
    if character.isascii():
        return character if character.isprintable() else " "
    category = unicodedata.category(character)
    if category in {"Mn", "Me"}:
        return character if _KEPT_MARKS.match(character) else ""
    if category in {"Cf", "Cs", "Co", "Cn"}:
        return ""
    if category in {"Cc", "Zl", "Zp"}:
        return " "
    if category == "Nd":
        return str(unicodedata.digit(character))
    return character


def _without_homoglyphs(match: re.Match[str]) -> str:
    word = match.group()
    replaced = word.translate(_HOMOGLYPHS)
    return word if _LATIN_LETTER.search(replaced) else replaced
