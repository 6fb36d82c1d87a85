"""The search engine is installed whole, with exactly the reviewed files, or not at all."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from services.node.install.fetching import fetch_all
from services.node.install.home import cache_folder, is_complete, opensearch_home
from services.node.install.maven import MavenRepository
from services.node.install.messages import SetupError
from services.node.install.opensearch import install
from services.node.install.opensearch_lock import LOCK_FILE, Lock, LockedFile, read_lock, write_lock
from services.node.install.opensearch_parts import PARTS, VERSION

CONTENT = {"server": b"the server", "agent": b"the agent", "geo": b"a module"}


def locked(part: str, artifact: str, content: bytes, classifier: str = "") -> LockedFile:
    digest = hashlib.sha256(content).hexdigest()
    return LockedFile(part, "org.example", artifact, "1.0", classifier, digest, len(content))


LOCK = Lock(
    "3.8.0",
    (
        locked("lib", "server", CONTENT["server"]),
        locked("agent", "agent", CONTENT["agent"]),
        locked("geo", "geo", CONTENT["geo"], classifier="linux"),
        # A jar that two modules carry.
        locked("reindex", "geo", CONTENT["geo"], classifier="linux"),
    ),
    "0" * 64,
)


class Registry:
    """A folder of downloads; the first fetches of a file may be told to go wrong."""

    def __init__(self, folder: Path, torn: int = 0, unreachable: int = 0) -> None:
        self.fetched: list[str] = []
        self._folder = folder
        self._torn = torn
        self._unreachable = unreachable

    def fetch(self, file: LockedFile) -> Path:
        self.fetched.append(file.artifact)
        attempt = self.fetched.count(file.artifact)
        if attempt <= self._unreachable:
            raise ConnectionResetError
        path = self._folder / file.file_name
        content = CONTENT[file.artifact]
        path.write_bytes(content[:3] if attempt <= self._torn else content)
        return path


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    folder = tmp_path / "downloads"
    folder.mkdir()
    return folder


def no_sleep(_: float) -> None:
    """Waiting between attempts is the registry's business, not the test's."""


def test_the_files_lie_where_the_server_looks_for_them(tmp_path: Path, downloads: Path) -> None:
    home = tmp_path / "cache" / "home"
    install(LOCK, home, Registry(downloads).fetch)
    assert (home / "lib" / "server-1.0.jar").read_bytes() == CONTENT["server"]
    assert (home / "modules" / "geo" / "geo-1.0-linux.jar").read_bytes() == CONTENT["geo"]
    assert (home / "modules" / "reindex" / "geo-1.0-linux.jar").read_bytes() == CONTENT["geo"]
    assert (home / "bin").is_dir()
    descriptor = (home / "plugins" / "analysis-icu" / "plugin-descriptor.properties").read_text()
    assert "classname=org.opensearch.plugin.analysis.icu.AnalysisICUPlugin" in descriptor
    assert is_complete(home, LOCK)


def test_what_lies_there_may_be_read_by_another_user(tmp_path: Path, downloads: Path) -> None:
    home = tmp_path / "home"
    install(LOCK, home, Registry(downloads).fetch)
    assert all(path.stat().st_mode & 0o004 for path in home.rglob("*"))


def test_a_jar_of_two_modules_is_fetched_once(downloads: Path) -> None:
    registry = Registry(downloads)
    assert len(fetch_all(LOCK.files, registry.fetch, no_sleep)) == 4
    assert sorted(registry.fetched) == ["agent", "geo", "server"]


def test_a_torn_file_and_a_lost_connection_are_tried_again(downloads: Path) -> None:
    fetch_all(LOCK.files, Registry(downloads, torn=2).fetch, no_sleep)
    fetch_all(LOCK.files, Registry(downloads, unreachable=3).fetch, no_sleep)


def test_a_content_that_stays_wrong_is_refused_and_nothing_is_installed(tmp_path: Path, downloads: Path) -> None:
    registry = Registry(downloads, torn=99)
    with pytest.raises(SetupError, match=r"sha256.*refusing"):
        fetch_all(LOCK.files[:1], registry.fetch, no_sleep)
    assert registry.fetched == ["server"] * 4
    assert not (downloads / "server-1.0.jar").exists()


def test_a_registry_out_of_reach_is_told_with_what_to_do(downloads: Path) -> None:
    with pytest.raises(SetupError, match=r"org.example:server:1.0 \(ConnectionResetError\)[\s\S]*LOTSE_MAVEN_URL"):
        fetch_all(LOCK.files[:1], Registry(downloads, unreachable=99).fetch, no_sleep)


def test_a_refused_file_leaves_no_home(tmp_path: Path, downloads: Path) -> None:
    home = tmp_path / "home"
    impossible = Lock("3.8.0", (locked("lib", "server", b"something else"),), "0" * 64)
    with pytest.raises(SetupError):
        install(impossible, home, Registry(downloads).fetch, no_sleep)
    assert not home.exists()


def test_an_interrupted_run_does_not_count_and_is_cleared_away(tmp_path: Path, downloads: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "home.new" / "lib").mkdir(parents=True)
    (tmp_path / "home.new" / "lib" / "half.jar").touch()
    assert not is_complete(home, LOCK)
    install(LOCK, home, Registry(downloads).fetch)
    assert not (home / "lib" / "half.jar").exists()
    assert not (tmp_path / "home.new").exists()


@pytest.mark.parametrize("damage", ["shortened", "removed"])
def test_a_home_that_lost_content_is_not_complete_and_heals(tmp_path: Path, downloads: Path, damage: str) -> None:
    home = tmp_path / "home"
    install(LOCK, home, Registry(downloads).fetch)
    jar = home / "lib" / "server-1.0.jar"
    jar.unlink()
    if damage == "shortened":
        jar.touch()
    assert not is_complete(home, LOCK)
    install(LOCK, home, Registry(downloads).fetch)
    assert is_complete(home, LOCK)


def test_clones_share_a_home_and_another_lock_gets_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTSE_CACHE", str(tmp_path))
    assert opensearch_home(LOCK).parent == tmp_path
    assert opensearch_home(LOCK) != opensearch_home(Lock("3.8.0", LOCK.files, "1" * 64))
    monkeypatch.delenv("LOTSE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "lotse"


class QuietHandler(SimpleHTTPRequestHandler):
    """A registry on loopback that does not write to the terminal."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Say nothing."""


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "mirror" / "org" / "example" / "server" / "1.0"
    folder.mkdir(parents=True)
    (folder / "server-1.0.jar").write_bytes(CONTENT["server"])
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(tmp_path / "mirror")))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_mirror_named_by_the_user_is_the_one_asked(
    tmp_path: Path, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOTSE_MAVEN_URL", mirror)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    repository = MavenRepository.from_environment(tmp_path / "repository")
    # What a torn run of the same tool leaves behind.
    torn = tmp_path / "repository" / "org" / "example" / "server" / "1.0" / "server-1.0.jar"
    torn.parent.mkdir(parents=True)
    torn.write_bytes(b"the ser")
    (path,) = fetch_all(LOCK.files[:1], repository.fetch, no_sleep)
    assert path.read_bytes() == CONTENT["server"]


def test_a_mirror_that_lacks_a_file_is_told_without_its_address(tmp_path: Path, mirror: str) -> None:
    repository = MavenRepository(tmp_path / "repository", mirror)
    with pytest.raises(SetupError) as caught:
        fetch_all(LOCK.files[1:2], repository.fetch, no_sleep)
    assert "org.example:agent:1.0" in str(caught.value)
    assert mirror not in str(caught.value)


def test_the_committed_lock_names_known_parts_and_no_address(tmp_path: Path) -> None:
    lock = read_lock(LOCK_FILE)
    assert lock.version == VERSION
    assert {file.part for file in lock.files} == {part.name for part in PARTS}
    assert all(len(file.sha256) == 64 and file.size > 0 for file in lock.files)
    assert "//" not in LOCK_FILE.read_text()
    write_lock(tmp_path / "again.json", lock.version, list(lock.files))
    assert (tmp_path / "again.json").read_bytes() == LOCK_FILE.read_bytes()
