"""Owns which analyzer reads which language: built-in ones where the engine has one, else words with folded letters."""

from typing import Any

UNKNOWN = "und"
"""Field of all languages without an analyzer of their own."""

ANALYZERS = {
    "ar": "arabic",
    "bg": "bulgarian",
    "ckb": "sorani",
    "cs": "czech",
    "de": "lotse_german",
    "en": "english",
    "es": "spanish",
    "fa": "persian",
    "fr": "french",
    "hi": "hindi",
    "hu": "hungarian",
    "it": "italian",
    "ja": "cjk",
    "ko": "cjk",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "tr": "turkish",
    "uk": "ukrainian",
    "zh": "cjk",
    UNKNOWN: "lotse_plain",
}
"""Analyzer by primary language subtag; polish and ukrainian come from the plugins that the set-up installs."""


def field_language(tag: str) -> str:
    """Give the field that texts of a language (BCP 47) stand in: its primary subtag, or "und"."""
    primary = tag.partition("-")[0].lower()
    return primary if primary in ANALYZERS else UNKNOWN


ANALYSIS: dict[str, Any] = {
    "analyzer": {
        "lotse_german": {
            "tokenizer": "standard",
            "filter": [
                "lowercase",
                "german_stop",
                "german_normalization",
                "female_form",
                "light_german",
                "icu_folding",
            ],
        },
        "lotse_plain": {"tokenizer": "standard", "filter": ["icu_folding"]},
        # The text comes folded by our own code, which the query passes through too: nothing is left to change.
        "lotse_folded": {"tokenizer": "standard", "filter": ["lowercase"]},
        # Folded words and the parts of compounds come from our own code; the engine only takes endings off.
        "lotse_parts": {"tokenizer": "whitespace", "filter": ["lowercase", "female_form", "light_german"]},
    },
    "filter": {
        "german_stop": {"type": "stop", "stopwords": "_german_"},
        "light_german": {"type": "stemmer", "language": "light_german"},
        # Ärztin finds Arzt, Beraterinnen finds Berater: no built-in German stemmer joins them. It stands behind the
        # normalization, so the umlaut is gone; only endings that name people, so that "Termin" stays as it is.
        "female_form": {
            "type": "pattern_replace",
            "pattern": "^(.*(?:er|arzt|ent|ant|ist|at|eur|or|wirt))(?:in|innen)$",
            "replacement": "$1",
        },
    },
}
"""Analyzers and filters of the index."""
