"""What mails and lines say, in every language, and what they cannot say."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError, meta
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.common.settings import StartupError
from services.notify.adapters import words as adapter
from services.notify.adapters.words import LANGUAGES, JinjaWords
from services.notify.domain.steps import WORDINGS

SUBJECT = "regions/dresden/referrals/3f9a01bc-1111-4222-8333-444455556666"
LINK = "https://lotse.example/referrals/{referral}?a=1&b=2"
WORDS = JinjaWords(LINK)
EVERY = [(language, wording) for language in LANGUAGES for wording in sorted(WORDINGS)]
SCRIPTS = {"uk": "\u0400-\u04ff", "ar": "\u0600-\u06ff", "de": "A-Za-zÄÖÜäöüß", "en": "A-Za-z"}
FOLDER = Path(adapter.__file__).parents[1] / "wording"


class Attributes(HTMLParser):
    """Collects the attributes of each tag, and checks that every tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: dict[str, dict[str, str | None]] = {}
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = dict(attrs)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize(("language", "wording"), EVERY)
def test_a_letter_says_number_news_and_link_in_its_language(language: str, wording: str) -> None:
    letter = WORDS.letter(language, wording, SUBJECT)
    assert letter.subject == WORDS.line(language, wording, SUBJECT)
    assert "\n" not in letter.subject
    assert "R-3F9A01BC" in letter.subject
    link = LINK.replace("{referral}", SUBJECT.rpartition("/")[2])
    assert letter.text.startswith(letter.subject + "\n")
    assert link in letter.text.splitlines()
    assert link.replace("&", "&amp;") in letter.html
    said = letter.text.replace(link, "").replace("R-3F9A01BC", "").replace("Lotse", "")
    letters = re.findall(f"[{SCRIPTS[language]}]", said)
    assert len(letters) > 0.95 * sum(character.isalpha() for character in said)
    for gap in ("{{", "}}", "{%", "None", "Undefined"):
        assert gap not in letter.text + letter.html + letter.subject


@pytest.mark.parametrize(("language", "direction"), [("de", "ltr"), ("en", "ltr"), ("uk", "ltr"), ("ar", "rtl")])
def test_html_names_its_language_and_direction_and_is_well_formed(language: str, direction: str) -> None:
    page = Attributes()
    page.feed(WORDS.letter(language, "received", SUBJECT).html)
    assert page.open == []
    assert page.tags["html"] == {"lang": language, "dir": direction}
    assert page.tags["a"]["dir"] == "ltr"


def test_the_lines_of_a_language_all_differ() -> None:
    for language in LANGUAGES:
        assert len({WORDS.line(language, wording, SUBJECT) for wording in WORDINGS}) == len(WORDINGS)


def test_without_a_link_nothing_invites_to_follow_one() -> None:
    letter = JinjaWords().letter("en", "received", SUBJECT)
    assert "http" not in letter.text + letter.html
    assert "See it" not in letter.text + letter.html


def test_templates_know_nothing_but_number_language_and_link() -> None:
    environment = ImmutableSandboxedEnvironment()
    for path in FOLDER.iterdir():
        if path.suffix == ".yaml":
            assert meta.find_undeclared_variables(environment.parse(path.read_text())) == {"number"}
        elif path.suffix == ".jinja":
            assert meta.find_undeclared_variables(environment.parse(path.read_text())) <= {
                "line",
                "language",
                "words",
                "link",
            }


def test_a_template_reaches_neither_python_nor_names_that_are_not_there() -> None:
    environment = WORDS._environment
    with pytest.raises(SecurityError):
        environment.from_string("{{ number.__class__.__mro__ }}").render(number="R-1")
    with pytest.raises(UndefinedError):
        environment.from_string("{{ person.name }}").render(number="R-1")


def test_a_language_that_lacks_a_line_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    read = adapter._source

    def without_one(name: str) -> str:
        return "\n".join(line for line in read(name).splitlines() if not (name == "ar.yaml" and "closed:" in line))

    monkeypatch.setattr(adapter, "_source", without_one)
    with pytest.raises(StartupError, match="words of ar"):
        JinjaWords()
