"""Makes the virtual environment with whatever the machine's Python offers, and says how to call pip for it.

Debian splits `ensurepip` off into python3-venv. Three ways, in this order: Python's own `venv` with pip; an environment
without pip, served by the machine's pip from outside (`pip --python`); as root, the missing package by apt-get.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from services.node.install.messages import SetupError, no_venv_support, say

Run = Callable[[Sequence[str], Mapping[str, str]], int]
"""Runs a command with additions to the environment and returns its exit code."""

# The first pip that can work for an interpreter other than its own.
_PIP_WITH_PYTHON_OPTION = (22, 3)


def run_command(command: Sequence[str], extra_env: Mapping[str, str]) -> int:
    """Run COMMAND on this terminal, so that its progress is seen; 127 if it is not there.

    It inherits what was made inheritable, which is the lock of locks.py and nothing else.
    """
    try:
        return subprocess.run(list(command), env={**os.environ, **extra_env}, close_fds=False, check=False).returncode
    except FileNotFoundError:
        return 127


@dataclass(frozen=True, slots=True)
class Host:
    """What this machine's Python can do; read once, so that tests can state other machines."""

    python: str
    has_ensurepip: bool
    has_pip: bool
    can_apt: bool
    venv_package: str

    @staticmethod
    def here() -> "Host":
        """The interpreter that runs this set-up."""
        from_debian = sys.base_prefix == "/usr"
        return Host(
            python=sys.executable,
            has_ensurepip=importlib.util.find_spec("ensurepip") is not None,
            has_pip=_pip_version() >= _PIP_WITH_PYTHON_OPTION,
            can_apt=from_debian and os.geteuid() == 0 and shutil.which("apt-get") is not None,
            venv_package=f"python{sys.version_info.major}.{sys.version_info.minor}-venv",
        )


def _pip_version() -> tuple[int, ...]:
    """The machine's pip as (major, minor); empty, hence lower than any, where there is none."""
    try:
        return tuple(int(number) for number in metadata.version("pip").split(".")[:2])
    except (metadata.PackageNotFoundError, ValueError):
        return ()


def make_environment(venv: Path, host: Host, run: Run) -> None:
    """Make VENV anew, dropping what is there. Raises SetupError where the machine has no way to make one."""
    shutil.rmtree(venv, ignore_errors=True)
    if host.has_ensurepip and run([host.python, "-m", "venv", str(venv)], {}) == 0:
        return
    shutil.rmtree(venv, ignore_errors=True)
    if host.has_pip and run([host.python, "-m", "venv", "--without-pip", str(venv)], {}) == 0:
        return
    if host.can_apt and _install_venv_package(host, run) and run([host.python, "-m", "venv", str(venv)], {}) == 0:
        return
    shutil.rmtree(venv, ignore_errors=True)
    raise SetupError(no_venv_support(host.venv_package))


def _install_venv_package(host: Host, run: Run) -> bool:
    say(f"this Python has no ensurepip: installing {host.venv_package} with apt-get")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-qq"], quiet)  # a fresh container has no package lists; an old list may do as well
    return run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", host.venv_package], quiet) == 0


def is_usable(venv: Path, tag: str) -> bool:
    """True if VENV's interpreter starts and belongs to the family TAG of the one that runs this set-up."""
    probe = "import sys, platform; print(f'{sys.implementation.cache_tag}-{platform.machine()}')"
    try:
        answer = subprocess.run([str(venv / "bin" / "python"), "-c", probe], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return (venv / "pyvenv.cfg").is_file() and answer.stdout.strip() == tag


def pip_command(venv: Path, host: Host) -> list[str]:
    """How to call pip for VENV: its own, or the machine's where the environment was made without."""
    python = str(venv / "bin" / "python")
    if any(venv.glob("lib/python3*/site-packages/pip/__init__.py")):
        return [python, "-m", "pip"]
    return [host.python, "-m", "pip", "--python", python]
