"""Becomes the server, after making sure that it dies with its parent and does not run as root.

    python -I -S launch.py --parent PID [--step-down] [--owns DIR]... [--reads PATH]... -- COMMAND ...

Run as a file of its own, with the standard library alone: it costs about 20 ms and replaces itself by exec, so pid,
signals and exit code are the server's. The order matters: the kernel forgets the death signal whenever the process
changes who it is, so that comes first, then the death signal, then the question whether the parent still lives.

The promise "ends with its parent" is Linux's; on another system only the orderly stop remains.
"""

import argparse
import ctypes
import os
import pwd
import signal
import sys
from pathlib import Path
from typing import NamedTuple

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_NO_EXEC = 126
_NOBODY_ID = 65534
_NO_WAY_DOWN = (
    "this server refuses to run as root, and no other user can reach all its files ({problem}). Start it as an "
    "ordinary user, or keep checkout, environment and cache outside private home folders (LOTSE_VENV, LOTSE_CACHE)"
)


def step_down(owns: list[Path], reads: list[Path]) -> None:
    """Stop being root, which OpenSearch and PostgreSQL refuse, with as few rights as still reach the files.

    First choice: become `nobody`. Where nobody cannot read READS or walk to OWNS, become the user whose private folder
    is in the way. Where that is root's own, a user namespace in which we are not root does the same. In each case the
    folders OWNS are handed over, as the choice may have been another one at the last start.
    """
    nobody, root = _nobody(), _Identity(0, 0)
    for identity in (nobody, *_owners_of_closed_folders([*owns, *reads], nobody)):
        if _can_serve(identity, owns, reads):
            _hand_over(owns, identity)
            os.setgroups([])
            os.setgid(identity.group)
            os.setuid(identity.user)
            return
    # In the namespace root has no more rights to the files of others than anyone.
    if not _can_serve(root, owns, reads):
        sys.exit(_NO_WAY_DOWN.format(problem="private folders of several users are in the way"))
    _hand_over(owns, root)
    # The number is nobody's here too: PostgreSQL wants a user that has a name.
    _enter_user_namespace(nobody)


class _Identity(NamedTuple):
    user: int
    group: int


def _nobody() -> _Identity:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return _Identity(_NOBODY_ID, _NOBODY_ID)
    return _Identity(entry.pw_uid, entry.pw_gid)


def _grants(path: Path, identity: _Identity, rights: int) -> bool:
    """Do the mode bits give IDENTITY these RIGHTS (4 read, 1 walk through)?"""
    status = path.stat()
    shift = 6 if status.st_uid == identity.user else 3 if status.st_gid == identity.group else 0
    return (status.st_mode >> shift) & rights == rights


def _owners_of_closed_folders(paths: list[Path], stranger: _Identity) -> list[_Identity]:
    """Who, other than root, keeps STRANGER from walking to PATHS; each once."""
    closed = {folder for path in paths for folder in path.resolve().parents if not _grants(folder, stranger, 1)}
    owners = {_Identity(folder.stat().st_uid, folder.stat().st_gid) for folder in closed}
    return sorted(owner for owner in owners if owner.user != 0)


def _can_serve(identity: _Identity, owns: list[Path], reads: list[Path]) -> bool:
    """Can IDENTITY run a server with these folders? What it OWNS it gets, so the way there is enough."""
    return all(_walkable(path, identity) for path in owns) and all(_readable(path, identity) for path in reads)


def _walkable(path: Path, identity: _Identity) -> bool:
    return all(_grants(folder, identity, 1) for folder in path.resolve().parents)


def _readable(path: Path, identity: _Identity) -> bool:
    """Can IDENTITY read this file, or everything in this folder? A root with umask 077 leaves files others cannot."""
    if not _walkable(path, identity):
        return False
    if path.is_file():
        return _grants(path, identity, 4)
    for folder, _, names in os.walk(path):
        # Links have no rights of their own, and those of a system's Java may lead nowhere.
        files = [file for file in (Path(folder, name) for name in names) if not file.is_symlink()]
        if not _grants(Path(folder), identity, 5) or not all(_grants(file, identity, 4) for file in files):
            return False
    return True


def _hand_over(owns: list[Path], identity: _Identity) -> None:
    for top in owns:
        for folder, _, names in os.walk(top):
            for name in (".", *names):
                os.chown(Path(folder, name), *identity, follow_symlinks=False)


def _enter_user_namespace(identity: _Identity) -> None:
    """Be IDENTITY in a namespace of our own, while to the rest of the machine we stay who we are."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        problem = f"user namespaces are not allowed here: {os.strerror(ctypes.get_errno())}"
        sys.exit(_NO_WAY_DOWN.format(problem=problem))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{identity.user} 0 1")
    Path("/proc/self/gid_map").write_text(f"{identity.group} 0 1")


def die_with(parent: int) -> None:
    """Have the kernel kill this process, and what it becomes by exec, when PARENT ends in whatever way.

    PARENT may have ended before we asked; then we have another parent by now, and leave at once.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent ended before the server began")


def main(arguments: list[str]) -> None:
    """Parse, step down, tie to the parent, become the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--step-down", action="store_true")
    parser.add_argument("--owns", type=Path, action="append", default=[])
    parser.add_argument("--reads", type=Path, action="append", default=[])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    chosen = parser.parse_args(arguments)
    command = chosen.command[1:] if chosen.command[:1] == ["--"] else chosen.command
    if chosen.step_down and os.geteuid() == 0:
        step_down(chosen.owns, [Path(command[0]), *chosen.reads])
    die_with(chosen.parent)
    # Python ignores these two and exec would pass that on: a server must see them as any program does.
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored, signal.SIG_DFL)
    try:
        os.execv(command[0], command)  # noqa: S606  # exec without a shell is the purpose
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error.strerror}\n")
        sys.exit(_NO_EXEC)


if __name__ == "__main__":
    main(sys.argv[1:])
