"""The stages of the set-up, in order: environment, packages, search engine; each costs nothing where it is done."""

import os
import sys
from pathlib import Path

from services.node.install.extras import compile_thesaurus, set_up_encoder
from services.node.install.home import is_complete, opensearch_home
from services.node.install.interpreter import (
    Host,
    Run,
    is_usable,
    make_environment,
    pip_command,
    run_command,
)
from services.node.install.locks import exclusive
from services.node.install.messages import SetupError, packages_failed, say
from services.node.install.opensearch_lock import LOCK_FILE, read_lock
from services.node.install.stamp import Stamp, python_tag

PROFILES = ("run", "dev")


def venv_folder(root: Path) -> Path:
    """Where the environment lives: LOTSE_VENV, else `.venv` in the checkout ROOT."""
    return Path(os.environ.get("LOTSE_VENV") or root / ".venv").absolute()


def set_up_packages(profile: str, stamp: Stamp, host: Host, run: Run) -> None:
    """Bring the environment to what PROFILE asks for; at once if it is there. Raises SetupError."""
    if stamp.is_current(profile):
        return
    with exclusive(stamp.lock_file):
        if stamp.is_current(profile):  # the set-up we waited for did it
            return
        if stamp.was_interrupted() or not is_usable(stamp.venv, stamp.tag):
            say(f"making the environment {stamp.venv}")
            make_environment(stamp.venv, host, run)
        stamp.begin()
        _install_packages(profile, stamp, pip_command(stamp.venv, host), run)
        stamp.finish(profile)
        say("packages are installed")


def _install_packages(profile: str, stamp: Stamp, pip: list[str], run: Run) -> None:
    """What builds, the locked packages, then this project: nothing is built with anything unpinned."""
    requirements = stamp.root / "requirements"
    say(f"installing the packages of requirements/{profile}.txt")
    for arguments in (
        ["--quiet", "--require-hashes", "-r", str(requirements / "build.txt")],
        ["--require-hashes", "--no-build-isolation", "-r", str(requirements / f"{profile}.txt")],
        ["--quiet", "--no-deps", "--no-build-isolation", "-e", str(stamp.root)],
    ):
        # A user who always installs into the home folder (PIP_USER) cannot mean an environment of its own.
        code = run([*pip, "install", "--disable-pip-version-check", *arguments], {"PIP_USER": "0"})
        if code != 0:
            if code > 0:  # ended by itself, not by a signal
                stamp.give_up()
            raise SetupError(packages_failed(code))


def set_up_search_engine(venv: Path, run: Run) -> None:
    """Install OpenSearch through the environment's Python, unless it is there. Raises SetupError."""
    lock = read_lock(LOCK_FILE)
    if is_complete(opensearch_home(lock), lock):
        return
    # The child has said what went wrong.
    code = run([str(venv / "bin" / "python"), "-m", "services.node.install.opensearch", "install"], {})
    if code != 0:
        raise SetupError("OpenSearch is not installed, see above")


def set_up(arguments: list[str], root: Path) -> int:
    """The command line for the checkout ROOT: one word, the profile. Returns the exit code."""
    if len(arguments) != 1 or arguments[0] not in PROFILES:
        print("usage: environment.py run|dev", file=sys.stderr)
        return 2
    os.chdir(root)
    stamp = Stamp(root, venv_folder(root), python_tag())
    try:
        set_up_packages(arguments[0], stamp, Host.here(), run_command)
        set_up_encoder(stamp, Host.here(), run_command)
        compile_thesaurus(stamp, run_command)
        set_up_search_engine(stamp.venv, run_command)
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted; run the same command again to go on")
        return 130
    return 0
