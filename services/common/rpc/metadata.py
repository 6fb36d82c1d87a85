"""Owns what is read from a call's metadata: the token, the language, the trace; nothing else of it is looked at."""

import re
from collections.abc import Callable, Iterable

from services.common.errors import ProveWhoYouAre
from services.common.rpc.context import Language

Metadata = Iterable[tuple[str, str | bytes]]
"""Keys in lower case with their values, as gRPC gives them."""

_BEARER = re.compile(r"[Bb]earer (lotse_[0-9A-Za-z_-]{1,200})")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_LANGUAGE = re.compile(r"\s*(de|en)(?:-[a-z0-9-]{1,20})?\s*(?:;\s*q=([01](?:\.[0-9]{1,3})?))?\s*", re.IGNORECASE)


def token_of(metadata: Metadata) -> str:
    """Give the API token; raises TOKEN_MISSING without an authorization, TOKEN_INVALID for two or for another form."""
    values = _values(metadata, "authorization")
    if not values:
        raise ProveWhoYouAre("TOKEN_MISSING", 'send "authorization: Bearer <token>" with the call')
    found = _BEARER.fullmatch(values[0])
    if len(values) > 1 or found is None:
        raise ProveWhoYouAre("TOKEN_INVALID", "the token is unknown or malformed")
    return found.group(1)


def language_of(metadata: Metadata) -> Language:
    """Give the language for people: the better liked one of German and English in accept-language, else German."""
    best: Language = "de"
    weight = 0.0
    for part in ",".join(_values(metadata, "accept-language"))[:200].split(","):
        found = _LANGUAGE.fullmatch(part)
        liked = float(found.group(2) or 1) if found else 0.0
        if found and liked > weight:
            best, weight = "en" if found.group(1).lower() == "en" else "de", liked
    return best


def trace_id_of(metadata: Metadata, new: Callable[[], str]) -> str:
    """Give the trace id of a well-formed traceparent (W3C Trace Context), else a new one; 32 hex digits."""
    values = _values(metadata, "traceparent")
    found = _TRACEPARENT.fullmatch(values[0]) if len(values) == 1 else None
    return found.group(1) if found else new()


def _values(metadata: Metadata, key: str) -> list[str]:
    return [value if isinstance(value, str) else "" for name, value in metadata if name == key]
