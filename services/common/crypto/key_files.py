"""Guarantees that a secret lies in a file only its owner can read, and is never overwritten by accident."""

import os
import stat
from pathlib import Path

_MOST_BYTES = 16_384
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(Exception):
    """A key file is missing, readable by others, or holds no key. The text names the file, never its content."""


def write_secret(path: Path, content: bytes) -> None:
    """Create the file with mode 0600 and these bytes, on disk when this returns; raises KeyFileError if it exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeyFileError(f"{path} is there already: a key is never overwritten") from error
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_secret(path: Path) -> bytes:
    """Read a key file; raises KeyFileError when it is missing, no plain file, too big, or others may read it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise KeyFileError(f"{path} cannot be opened: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        # The open file is asked, not the path: nobody can swap it in between.
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise KeyFileError(f"{path} is no plain file")
        if mode & _OTHERS:
            raise KeyFileError(f"{path} can be read by others: its mode must be 0600")
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise KeyFileError(f"{path} is too big for a key")
    return content
