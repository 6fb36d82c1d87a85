"""Languages a caller names ("Beratung auf Arabisch"), recognised in the words of every language we serve."""

from collections.abc import Iterator
from functools import cache

from babel import Locale

from services.search.understanding.phrases import PhraseTable

LANGUAGES = (
    *("en", "uk", "ru", "ar", "fa", "vi", "pl", "cs", "tr", "es", "fr", "pt", "it", "ro"),
    *("zh", "hi", "ky", "uz", "ti", "sr", "bg", "hu", "ku", "ka", "ur"),
)
"""Languages of consultation, BCP-47. German is not among them: it is what courses teach, not what a caller lacks."""

_NAMING = ("de", *LANGUAGES)
_INFLECTED = frozenset({"uk", "ru", "pl", "bg", "sr"})
"""In these the name is an adjective whose ending changes with the case (арабська, арабською, po polsku)."""
_ENDINGS = "аеийіi"
_SHORTEST_STEM = 5
"""A shorter stem would also be the start of other words ("pers" of "Personal")."""
_MORE_NAMES = {
    "fa": ("Farsi", "Dari", "دری", "دري", "فارسي", "الفارسية", "الدارية", "дари", "фарси", "perština"),
    "ku": ("Kurmandschi", "Kurmanji", "Kurmancî", "Sorani"),
    "pl": ("po polsku",),
    "ar": ("arapça", "arabisch", "arabic", "عربي"),
    "zh": ("中文",),
}
"""What CLDR does not list: names of varieties, and adverbs."""


@cache
def language_names() -> PhraseTable[str]:
    """Give the table of names from CLDR, built once; the value of a name is a BCP-47 tag. Nobody may add to it."""
    table: PhraseTable[str] = PhraseTable()
    for language in LANGUAGES:
        for name in _MORE_NAMES.get(language, ()):
            table.add(name, language)
        for naming in _NAMING:
            for name in _forms(Locale.parse(naming).languages.get(language, ""), naming):
                table.add(name, language)
    return table


def _forms(name: str, naming: str) -> Iterator[str]:
    yield name
    stem = name.rstrip(_ENDINGS)
    if naming in _INFLECTED and len(stem) >= _SHORTEST_STEM and " " not in name:
        yield f"{stem}*"
    if naming == "cs":
        # Czech says "arabština" for the language and "arabsky" for speaking it.
        yield name.replace("čtina", "cky").replace("ština", "sky")
