"""Gets every locked file with exactly the locked content, or refuses; tells how far it is."""

import hashlib
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from services.node.install.messages import SetupError, download_failed, say
from services.node.install.opensearch_lock import LockedFile

Fetch = Callable[[LockedFile], Path]
"""Gives the local path of a file, downloading it if it is not there. Raises OSError or RuntimeError."""

_ATTEMPTS = 4  # the first, and three more
_THREADS = 8  # registries serve small files one after the other; 8 connections took 10 s where one took 60 s
_LINE_EVERY_SECONDS = 5.0


def sha256(path: Path) -> str:
    """The file's SHA-256 in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch_verified(file: LockedFile, fetch: Fetch, sleep: Callable[[float], None]) -> Path:
    """FILE with the content its lock names.

    A torn file of an earlier run and one changed on the way look the same: deleted, fetched again, at most three times.
    Raises SetupError: a content that stays wrong is never installed.
    """
    cause = ""
    for attempt in range(_ATTEMPTS):
        sleep(attempt)
        try:
            path = fetch(file)
            if sha256(path) == file.sha256:
                return path
            path.unlink()
            cause = "checksum"
        except (OSError, RuntimeError) as error:
            cause = type(error).__name__
    if cause == "checksum":
        raise SetupError(
            f"{file.coordinates} does not have the reviewed content (sha256), fetched {_ATTEMPTS} times: refusing to "
            "install it. The mirror or a proxy serves another file; do not go on before you know why"
        )
    raise SetupError(download_failed(file.coordinates, cause))


def fetch_all(files: Iterable[LockedFile], fetch: Fetch, sleep: Callable[[float], None] = time.sleep) -> list[Path]:
    """The paths of all FILES, in their order. Raises SetupError for the first that cannot be had, without the rest."""
    # A jar that two modules carry is one download: two threads must not write the same file.
    unique = {file.coordinates: file for file in files}
    progress = _Progress(len(unique))
    with ThreadPoolExecutor(_THREADS) as pool:
        pending = {pool.submit(fetch_verified, file, fetch, sleep): file for file in unique.values()}
        paths: dict[str, Path] = {}
        try:
            for future in as_completed(pending):
                file = pending[future]
                paths[file.coordinates] = future.result()
                progress.step(file.size)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            progress.end()
    return [paths[file.coordinates] for file in files]


class _Progress:
    """One line that counts: rewritten in place on a terminal, repeated every few seconds in a log."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._files = 0
        self._bytes = 0
        self._in_place = sys.stderr.isatty()
        self._last_line = time.monotonic()

    def step(self, size: int) -> None:
        """One more file of SIZE bytes is there."""
        self._files += 1
        self._bytes += size
        text = f"{self._files} of {self._total} files, {self._bytes / 1e6:.0f} MB"
        if self._in_place:
            print(f"\rlotse set-up: {text} ", end="", file=sys.stderr, flush=True)
        elif self._files == self._total or time.monotonic() - self._last_line > _LINE_EVERY_SECONDS:
            say(text)
            self._last_line = time.monotonic()

    def end(self) -> None:
        """Leave the line, so that what follows begins on its own."""
        if self._in_place:
            print(file=sys.stderr)
