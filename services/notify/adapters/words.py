"""Guarantees words for every step in every language, or no start: all templates are compiled and tried at once.

Templates see a referral's number and link and nothing else, so nothing personal can stand in a mail. They run in a
sandbox, and a name that is not there is an error instead of a gap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import yaml
from jinja2 import FunctionLoader, StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.common.settings import StartupError
from services.notify.domain.steps import WORDINGS, number_of
from services.notify.ports import Letter

LANGUAGES: Final = ("de", "en", "uk", "ar")
"""The languages of notify.proto."""
_FOLDER = files("services.notify") / "wording"
_SAMPLE = "regions/dresden/referrals/00000000-0000-4000-8000-000000000000"
_KEYS = frozenset({"direction", "lines", "open", "privacy", "automatic"})


@dataclass(frozen=True, slots=True)
class _Language:
    """One language: its fixed phrases, and the compiled lines by wording."""

    phrases: Mapping[str, str]
    lines: Mapping[str, Template]


class JinjaWords:
    """`ports.Words` from the templates in `wording/`; `link_template` holds "{referral}", or is "" for no link."""

    def __init__(self, link_template: str = "") -> None:
        """Read everything; raises StartupError when a language lacks words."""
        self._link_template = link_template
        self._environment = ImmutableSandboxedEnvironment(
            loader=FunctionLoader(_source),
            undefined=StrictUndefined,
            autoescape=_is_html,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._languages = {language: self._load(language) for language in LANGUAGES}
        self._try_all()

    def line(self, language: str, wording: str, subject: str) -> str:
        """Say in one line what happened."""
        return self._languages[language].lines[wording].render(number=number_of(subject))

    def letter(self, language: str, wording: str, subject: str) -> Letter:
        """Say the same as a mail, with the link."""
        line = self.line(language, wording, subject)
        values: dict[str, Any] = {
            "line": line,
            "language": language,
            "words": self._languages[language].phrases,
            "link": self._link_template.format(referral=subject.rpartition("/")[2]),
        }
        text, html = (self._environment.get_template(name) for name in ("letter.txt.jinja", "letter.html.jinja"))
        return Letter(subject=line, text=text.render(values), html=html.render(values))

    def _load(self, language: str) -> _Language:
        content = yaml.safe_load(_source(f"{language}.yaml"))
        if set(content) != _KEYS or set(content["lines"]) != WORDINGS:
            raise StartupError(f"the words of {language} are not those that are needed")
        lines = {wording: self._environment.from_string(text) for wording, text in content["lines"].items()}
        return _Language({key: text for key, text in content.items() if key != "lines"}, lines)

    def _try_all(self) -> None:
        """Render everything once: what would be missing at night is missing now."""
        try:
            for language in LANGUAGES:
                for wording in WORDINGS:
                    self.letter(language, wording, _SAMPLE)
        except (TemplateError, LookupError, ValueError) as error:
            raise StartupError("a mail template cannot be used") from error


def _source(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _is_html(name: str | None) -> bool:
    return name is not None and name.endswith(".html.jinja")
