"""Puts a real OpenSearch server together from Maven artefacts: the locked ones, verified, laid out whole or not at all.

    python -m services.node.install.opensearch install [--client mvn]   # part of the set-up
    python -m services.node.install.opensearch lock                     # rare: resolve versions, write the lock anew

`install` resolves nothing: it fetches the files of the lock and lays them out as the official archive does, below
lib/, agent/, modules/NAME/ and plugins/NAME/. It runs in the environment, since jgo is one of its packages.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from services.node.install.fetching import Fetch, fetch_all, sha256
from services.node.install.home import cache_folder, is_complete, opensearch_home
from services.node.install.locks import exclusive
from services.node.install.maven import MavenRepository, fetch_with_mvn
from services.node.install.messages import SetupError, say
from services.node.install.opensearch_lock import LOCK_FILE, Lock, LockedFile, read_lock, write_lock
from services.node.install.opensearch_parts import PARTS, VERSION


def install(lock: Lock, home: Path, fetch: Fetch, sleep: Callable[[float], None] = time.sleep) -> None:
    """Make HOME hold the files of LOCK. Raises SetupError, and OSError where the disk is full.

    HOME appears by one rename after every file was checked, so a killed run leaves no half server.
    """
    say(f"installing OpenSearch {lock.version} in {home}")
    home.parent.mkdir(parents=True, exist_ok=True)
    paths = fetch_all(lock.files, fetch, sleep)
    fresh = home.with_name(home.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    _lay_out(lock.files, paths, fresh)
    shutil.rmtree(home, ignore_errors=True)
    fresh.rename(home)
    say(f"OpenSearch {lock.version} is installed")


def _lay_out(files: tuple[LockedFile, ...], paths: list[Path], fresh: Path) -> None:
    """The server's folders below FRESH, readable by everyone: as root the server runs as another user."""
    folders = {part.name: fresh / part.folder for part in PARTS}
    for name in ("bin", "plugins"):
        # The server makes a missing bin/ itself, which fails when its home is not its own.
        (fresh / name).mkdir(parents=True)
    for part in PARTS:
        folders[part.name].mkdir(parents=True, exist_ok=True)
        if part.descriptor:
            (folders[part.name] / "plugin-descriptor.properties").write_text(part.descriptor)
    for file, path in zip(files, paths, strict=True):
        shutil.copyfile(path, folders[file.part] / file.file_name)
    for folder, _, names in os.walk(fresh):
        Path(folder).chmod(0o755)
        for name in names:
            Path(folder, name).chmod(0o644)


def resolve(repository: MavenRepository) -> list[LockedFile]:
    """Every part with all it needs at run time, as the entries of a new lock; downloads everything."""
    files: list[LockedFile] = []
    in_lib: set[tuple[str, str, str]] = set()
    for part in PARTS:
        found: dict[tuple[str, str, str], LockedFile] = {}
        for root in part.roots:
            for dependency, path in repository.resolve(root):
                key = (dependency.groupId, dependency.artifactId, dependency.classifier or "")
                version, size = str(dependency.version), path.stat().st_size
                found[key] = LockedFile(part.name, key[0], key[1], version, key[2], sha256(path), size)
        if part.kind == "lib":
            in_lib = set(found)
        shared = in_lib if part.kind in {"module", "plugin"} else set()
        files += [file for key, file in sorted(found.items()) if key not in shared]
    return files


def install_once(client: str) -> None:
    """Install what the lock names into the user's cache, unless it is there. Raises SetupError and OSError.

    One lock for the whole cache, as two set-ups would also share the folder of downloads.
    """
    lock = read_lock(LOCK_FILE)
    home = opensearch_home(lock)
    with exclusive(cache_folder() / "opensearch.lock"):
        if is_complete(home, lock):
            return
        downloads = cache_folder() / "maven"
        if client == "mvn":
            fetch_with_mvn(lock.files, downloads)
        install(lock, home, MavenRepository.from_environment(downloads).fetch)
        # Every jar now lies in the home; a second copy of 87 MB would serve nobody.
        shutil.rmtree(downloads, ignore_errors=True)


def lock_anew() -> None:
    """Resolve all parts and write the lock file. Raises OSError and RuntimeError."""
    with exclusive(cache_folder() / "opensearch.lock"):
        files = resolve(MavenRepository.from_environment(cache_folder() / "maven"))
    write_lock(LOCK_FILE, VERSION, files)
    say(f"locked {len(files)} files, {sum(file.size for file in files) / 1e6:.0f} MB")


def main(arguments: list[str]) -> int:
    """The command line; what it cannot do it says in one text, without a traceback."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("action", choices=("install", "lock"))
    parser.add_argument("--client", choices=("python", "mvn"), default="python", help="who downloads (default: jgo)")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.action == "lock":
            lock_anew()
        else:
            install_once(chosen.client)
    except SetupError as error:
        say(str(error))
        return 1
    except OSError as error:
        say(f"{cache_folder()}: {error.strerror or type(error).__name__}; LOTSE_CACHE names another folder")
        return 1
    except KeyboardInterrupt:
        say("interrupted; run the same command again to go on")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
