"""Owns the rules that a contract cannot say, for the parts all records share. Each yields every fault it finds.

A fault is a pair of path ("offer.texts[0].title") and rule, in English, without the value that was entered.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from urllib.parse import urlsplit

from services.directory.domain.languages import is_language_tag
from services.directory.domain.texts import is_blank, text_faults
from services.directory.domain.values import ContactPoint, LocalizedText

Fault = tuple[str, str]
"""A path and the rule broken there."""

_MANY_LINES = frozenset({"summary", "description", "note", "accessibility_note", "public_transport_note"})


def every_text(value: object, path: str) -> Iterator[Fault]:
    """Check each text of a record, wherever it stands, against `texts.text_faults`."""
    if isinstance(value, str) and not isinstance(value, Enum):
        one_line = path.rpartition(".")[2] not in _MANY_LINES
        yield from ((path, rule) for rule in text_faults(value, one_line=one_line))
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            yield from every_text(item, f"{path}[{place}]")
    elif is_dataclass(value):
        for field in fields(value):
            yield from every_text(getattr(value, field.name), f"{path}.{field.name}")


def localized_texts(texts: Sequence[LocalizedText], path: str, next_revision: int) -> Iterator[Fault]:
    """Check translations: real languages, one text each, readable titles, made from a revision that exists."""
    yield from repeats([text.language_code for text in texts], path, "has a text in this language already")
    for place, text in enumerate(texts):
        at = f"{path}[{place}]"
        if not is_language_tag(text.language_code):
            yield f"{at}.language_code", "must be a language of the registry in its shortest form"
        if is_blank(text.title):
            yield f"{at}.title", "must hold a letter or a digit"
        if text.source_revision > next_revision:
            yield f"{at}.source_revision", "must be a revision that exists"


def contact_points(contacts: Sequence[ContactPoint], path: str, moment: datetime) -> Iterator[Fault]:
    """Check contacts: one primary at most, public web hosts, and consents that were given already."""
    if sum(contact.primary for contact in contacts) > 1:
        yield path, "at most one contact may be primary"
    for place, contact in enumerate(contacts):
        at = f"{path}[{place}]"
        if contact.url and not _is_public_url(contact.url):
            yield f"{at}.url", "must name a public host, not a numeric or local address"
        if contact.person_consent_time is not None and contact.person_consent_time > moment:
            yield f"{at}.person_consent_time", "must not lie in the future"
        if contact.person_consent_time is not None and not contact.person_name:
            yield f"{at}.person_consent_time", "goes only with a person's name"


def display_name(name: str, path: str) -> Iterator[Fault]:
    """Check that a name for people can be read."""
    if is_blank(name):
        yield path, "must hold a letter or a digit"


def repeats(keys: Iterable[object], path: str, rule: str) -> Iterator[Fault]:
    """Name every entry of a list whose key stood there before."""
    seen: set[object] = set()
    for place, key in enumerate(keys):
        if key in seen:
            yield f"{path}[{place}]", rule
        seen.add(key)


def _is_public_url(url: str) -> bool:
    """Refuse hosts that mean "this machine" or "this network": a link in a public directory must lead out."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username is not None or host.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa")):
        return False
    return not _is_address(host) and not host.rpartition(".")[2].isdigit()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
