"""Guarantees that a page token is ours, belongs to this very query, and is not too old.

A token is base64url of: 32 bytes HMAC-SHA256, 4 bytes expiry (Unix seconds, big endian), 16 bytes of the query's
SHA-256, and the payload. It is signed, not secret: payloads hold no more than the caller was shown.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import timedelta
from pathlib import Path

from services.common.clock import Clock
from services.common.errors import CorrectTheRequest
from services.common.settings import StartupError

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 500
_MAC, _EXPIRY, _QUERY = 32, 4, 16
_SECRET_BYTES = 32


def page_size_of(asked: int, default: int = DEFAULT_PAGE_SIZE, most: int = MAX_PAGE_SIZE) -> int:
    """Give the size to use (AIP-158): zero means the default, too large means the most; negative is refused earlier."""
    return min(asked, most) if asked else default


def page_token_secret(path: Path | None) -> bytes:
    """Read the secret that signs page tokens, all bytes of the file; None makes one for the life of this process.

    Raises StartupError when the file cannot be read or is too short.
    """
    if path is None:
        return secrets.token_bytes(_SECRET_BYTES)
    try:
        secret = path.read_bytes()
    except OSError:
        raise StartupError("LOTSE_PAGE_TOKEN_SECRET_FILE: the file cannot be read") from None
    if len(secret) < _SECRET_BYTES:
        raise StartupError(f"LOTSE_PAGE_TOKEN_SECRET_FILE: at least {_SECRET_BYTES} bytes are needed")
    return secret


class PageTokens:
    """Writes and reads the page tokens of one service."""

    def __init__(self, secret: bytes, clock: Clock, lifetime: timedelta) -> None:
        self._secret = secret
        self._clock = clock
        self._lifetime = lifetime

    def write(self, query: bytes, payload: bytes) -> str:
        """Make a token that only the same query may use; `query` is any canonical form of it."""
        expiry = int((self._clock() + self._lifetime).timestamp()).to_bytes(_EXPIRY, "big")
        signed = expiry + hashlib.sha256(query).digest()[:_QUERY] + payload
        return base64.urlsafe_b64encode(self._mac(signed) + signed).decode().rstrip("=")

    def read(self, query: bytes, token: str) -> bytes:
        """Give a token's payload; raises PAGE_TOKEN_INVALID for a forged, foreign or expired one."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise _refused() from error
        mac, signed = raw[:_MAC], raw[_MAC:]
        if len(signed) < _EXPIRY + _QUERY or not hmac.compare_digest(mac, self._mac(signed)):
            raise _refused()
        fresh = int.from_bytes(signed[:_EXPIRY], "big") >= int(self._clock().timestamp())
        same_query = hmac.compare_digest(signed[_EXPIRY : _EXPIRY + _QUERY], hashlib.sha256(query).digest()[:_QUERY])
        if not (fresh and same_query):
            raise _refused()
        return signed[_EXPIRY + _QUERY :]

    def _mac(self, signed: bytes) -> bytes:
        return hmac.digest(self._secret, signed, "sha256")


def _refused() -> CorrectTheRequest:
    return CorrectTheRequest("PAGE_TOKEN_INVALID", "the page token is forged, expired or of another query")
