"""Guarantees that a caller is whom the node's operator gave the token to, now and not only at the start.

A token is "lotse_<id>_<secret>"; the file holds its id, the SHA-256 of its secret and whom it stands for. A secret has
256 random bits, so a plain hash is enough: there is nothing to guess. A file that cannot be read lets nobody in.
"""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from services.common.clock import Clock
from services.common.errors import ProveWhoYouAre
from services.common.names import RegionId, is_token
from services.common.rpc.callers import Caller, Role
from services.common.settings import StartupError

_log = structlog.get_logger()
_NOBODY = "0" * 64
"""Hash that no secret has: unknown ids are compared too, so that they take the same time."""


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """One line of the tokens file: whom a token stands for and until when."""

    id: str
    sha256: str
    caller: Caller
    create_time: datetime
    expire_time: datetime


class TokenFile:
    """Knows the tokens of a file and reads it again whenever it changes."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Read the file; raises StartupError when it is missing, broken, or readable for others than its owner."""
        self._path = path
        self._clock = clock
        self._seen = _fingerprint(path)
        self._entries = read_tokens(path)

    def caller_of(self, token: str) -> Caller:
        """Give whom the token stands for; raises TOKEN_INVALID or TOKEN_EXPIRED (ProveWhoYouAre)."""
        self._refresh()
        word, _, rest = token.partition("_")
        token_id, _, secret = rest.partition("_")
        entry = self._entries.get(token_id)
        expected = entry.sha256 if entry else _NOBODY
        fits = hmac.compare_digest(_hash(secret), expected)
        if entry is None or not fits or word != "lotse":
            raise ProveWhoYouAre("TOKEN_INVALID", "the token is unknown or malformed")
        if entry.expire_time <= self._clock():
            raise ProveWhoYouAre("TOKEN_EXPIRED", "the token's time is over")
        return entry.caller

    def _refresh(self) -> None:
        """Read the file again when it is another one than before (2 µs when it is not)."""
        seen = _fingerprint(self._path)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._entries = read_tokens(self._path)
            _log.info("tokens.read", count=len(self._entries))
        except StartupError as error:
            self._entries = {}
            _log.error("tokens.refused", problems=error.problems)


def read_tokens(path: Path) -> Mapping[str, TokenEntry]:
    """Read all entries by id; raises StartupError when the file is missing, broken, or open to others."""
    try:
        if path.stat().st_mode & 0o077:
            raise StartupError(f"{path}: others may read the tokens file; set its mode to 0600")
        entries = [_entry(row) for row in json.loads(path.read_bytes())["tokens"]]
    except OSError:
        raise StartupError(f"{path}: the tokens file is missing or cannot be read") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StartupError(f"{path}: this is no tokens file") from None
    return {entry.id: entry for entry in entries}


def create_token(
    path: Path,
    clock: Clock,
    *,
    region: RegionId,
    role: Role,
    name: str,
    lifetime: timedelta,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> str:
    """Add a token to the file (made with mode 0600 if missing) and give its text, which is shown only this once."""
    if not is_token(region) or not is_token(name):
        raise StartupError("a token's region and name consist of lower-case letters, digits and inner hyphens")
    token_id, secret = random_bytes(8).hex(), random_bytes(32).hex()
    now = clock()
    entry = TokenEntry(token_id, _hash(secret), Caller(region, role, name), now, now + lifetime)
    with _alone(path):
        entries = dict(read_tokens(path)) if path.exists() else {}
        _write(path, entries | {token_id: entry})
    return f"lotse_{token_id}_{secret}"


def revoke_token(path: Path, token_id: str) -> bool:
    """Take a token out of the file; False when it has none of that id. Running servers refuse it at once."""
    with _alone(path):
        entries = dict(read_tokens(path))
        found = entries.pop(token_id, None) is not None
        if found:
            _write(path, entries)
    return found


def _entry(row: Mapping[str, Any]) -> TokenEntry:
    created, expires = (datetime.fromisoformat(row[key]) for key in ("create_time", "expire_time"))
    if (
        created.tzinfo is None
        or expires.tzinfo is None
        or len(bytes.fromhex(row["sha256"])) != hashlib.sha256().digest_size
    ):
        raise ValueError
    caller = Caller(RegionId(str(row["region"])), Role(row["role"]), str(row["name"]))
    return TokenEntry(str(row["id"]), row["sha256"], caller, created, expires)


def _row(entry: TokenEntry) -> dict[str, str]:
    return {
        "id": entry.id,
        "sha256": entry.sha256,
        "region": entry.caller.region,
        "role": entry.caller.role,
        "name": entry.caller.name,
        "create_time": entry.create_time.isoformat(),
        "expire_time": entry.expire_time.isoformat(),
    }


def _write(path: Path, entries: Mapping[str, TokenEntry]) -> None:
    """Put the new file in the old one's place at once, so that a reader sees one or the other, never half of one."""
    text = json.dumps({"tokens": [_row(entry) for entry in entries.values()]}, indent=2)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time change the file: two that read and write at once would lose a token."""
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _fingerprint(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_mode


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
