"""Owns the sentences of ExplainOffer, one readable file per language; a language without one reads English."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType

import yaml
from babel import UnknownLocaleError
from babel.dates import format_date

from services.search.domain.explaining import Sentence, Told
from services.search.domain.labels import district_label, primary, value_label

DEFAULT_FOLDER = Path(__file__).parent
_FALLBACKS = ("en", "de")


class Sentences:
    """Says a sentence in a language; immutable after it is read."""

    def __init__(self, by_language: Mapping[str, Mapping[str, str]]) -> None:
        self.by_language = by_language
        """By primary language subtag: template by key."""

    def say(self, sentence: Sentence, language: str, names: Mapping[str, str]) -> str:
        """Fill a sentence in; `names` gives names of concepts, languages and regions by their codes."""

        def told(field: str, value: Told) -> str:
            if not isinstance(value, tuple):
                # In the language of the sentence, which may be English for want of a translation.
                return _day(str(value), self._spoken(language)) if field == "day" else str(value)
            if field == "districts":
                return ", ".join(map(district_label, value))
            return ", ".join(names.get(code) or self.value(code, language) for code in value)

        values = {field: told(field, value) for field, value in sentence.values.items()}
        return self._template(sentence.key, language).format_map(values)

    def _spoken(self, language: str) -> str:
        return next(tag for tag in (primary(language), *_FALLBACKS) if tag in self.by_language)

    def _template(self, key: str, language: str) -> str:
        for tag in (primary(language), *_FALLBACKS):
            if key in self.by_language.get(tag, {}):
                return self.by_language[tag][key]
        raise KeyError(key)

    def value(self, code: str, language: str) -> str:
        """Name an enum's value."""
        return self.by_language.get(primary(language), {}).get(code) or value_label(code, language)


def load_sentences(folder: Path = DEFAULT_FOLDER) -> Sentences:
    """Read every language's file; raises OSError or yaml.YAMLError when one is broken."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    files = {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.yaml"))}
    by_language = {
        tag: MappingProxyType(yaml.load(text, Loader=loader))  # noqa: S506 - both loaders are safe ones
        for tag, text in files.items()
    }
    return Sentences(MappingProxyType(by_language))


def _day(written: str, language: str) -> str:
    """Write a day (ISO 8601) as people of a language do; as it is when the calendar's language is not known."""
    try:
        return format_date(date.fromisoformat(written), "long", locale=language)
    except (UnknownLocaleError, ValueError):
        return written
