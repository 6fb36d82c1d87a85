"""Where the installed search engine lies, and whether it is whole; standard library only.

It lies in the user's cache and not in the checkout, so that all clones of a user share one copy. The folder's name
holds the lock's digest: a clone with another lock gets another folder, and both go on working.
"""

import os
from pathlib import Path

from services.node.install.opensearch_lock import Lock
from services.node.install.opensearch_parts import PARTS

# Raise it when the layout (descriptors, folders) changes while the locked files stay the same.
_LAYOUT = 1


def cache_folder() -> Path:
    """The user's cache of Lotse: LOTSE_CACHE, else `lotse` in XDG_CACHE_HOME or ~/.cache."""
    named = os.environ.get("LOTSE_CACHE")
    if named:
        return Path(named).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "lotse"


def opensearch_home(lock: Lock) -> Path:
    """The folder the files of LOCK are, or will be, laid out in."""
    return cache_folder() / f"opensearch-{lock.version}-{_LAYOUT}-{lock.digest[:12]}"


def is_complete(home: Path, lock: Lock) -> bool:
    """True if every file of LOCK lies in HOME with its size.

    HOME appears by one rename, so a half-made one does not exist; the sizes also catch what came later: a disk that
    filled up, a power cut before the data reached it, a cleaner of caches. One `stat` per file, about a millisecond.
    """
    folders = {part.name: part.folder for part in PARTS}
    try:
        return all((home / folders[file.part] / file.file_name).stat().st_size == file.size for file in lock.files)
    except OSError:
        return False
