"""Owns which language tags are real: the shape stands in the contract, the registry behind it is CLDR (in babel)."""

from functools import cache

from babel.core import Locale, get_global

# Counselled in Saxony, but written as a variant of another language in CLDR: Dari and Northern Kurdish.
_ALSO_REAL = frozenset({"prs", "kmr"})


@cache
def is_language_tag(tag: str) -> bool:
    """Say whether the tag names a language, script and territory that exist, in its shortest form ("de", not "deu")."""
    language, *rest = tag.split("-")
    english = Locale("en")
    if language not in _ALSO_REAL and (language not in english.languages or _has_shorter(language)):
        return False
    return all(part in english.scripts or part in english.territories for part in rest) and len(rest) <= 2


def _has_shorter(language: str) -> bool:
    """Say whether BCP 47 wants another subtag for it: three letters where two exist, or a withdrawn code."""
    alias = get_global("language_aliases").get(language)
    return alias is not None and alias != language
