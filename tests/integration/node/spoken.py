"""Runs a command of `lotse` in this process and says how it ended: quicker than a process of its own."""

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

from services.node.cli.main import app, run


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


def lotse(*arguments: object) -> Said:
    """Run the command line with these arguments; for commands that call no service."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(lambda: app([str(argument) for argument in arguments]))
    return Said(code, out.getvalue(), err.getvalue())


def make_state(folder: Path) -> Path:
    """Make a state node."""
    assert lotse("node", "init", "--region", "sachsen", "--state", "--node", folder).code == 0
    return folder


def make_region(folder: Path, region: str = "dresden", *more: str) -> Path:
    """Make the node of a region."""
    assert lotse("node", "init", "--region", region, "--node", folder, *more).code == 0
    return folder
