"""Owns how a broker's configuration is written: quoted texts, checked names, nothing that could end a line early."""

import re
from collections.abc import Iterable

from services.common.names import is_token

_NKEY = re.compile(r"U[A-Z2-7]{55}")


def checked_nkey(text: str) -> str:
    """Give a public user nkey back; raises ValueError for anything else, before it can get into a configuration."""
    if _NKEY.fullmatch(text) is None:
        raise ValueError("this is no public user nkey")
    return text


def checked_token(text: str) -> str:
    """Give a region or service id back; raises ValueError for anything that could widen a subject."""
    if not is_token(text):
        raise ValueError("this is no region or service id")
    return text


def quoted(text: str) -> str:
    """Write a text in quotes, where a dollar sign stands for itself; raises ValueError for what cannot be quoted."""
    if any(sign in text for sign in '"\\\n\r'):
        raise ValueError("a quote, backslash or line break cannot stand in the configuration")
    return f'"{text}"'


def listed(texts: Iterable[str]) -> str:
    """Write a list of texts."""
    return "[" + ", ".join(map(quoted, texts)) + "]"


def user_line(nkey: str, publish: Iterable[str], subscribe: Iterable[str]) -> str:
    """Write a user who may publish and subscribe to these subjects and to nothing else."""
    allowed = f"publish: {{ allow: {listed(publish)} }}, subscribe: {{ allow: {listed(subscribe)} }}"
    return f"{{ nkey: {checked_nkey(nkey)}, permissions: {{ {allowed} }} }}"


def admin_line(nkey: str) -> str:
    """Write a user who may do everything within the account."""
    return f"{{ nkey: {checked_nkey(nkey)} }}"


def indented(lines: Iterable[str], spaces: int) -> str:
    """Write one element of a list a line; the notation takes line breaks for commas."""
    return "\n".join(" " * spaces + line for line in lines)
