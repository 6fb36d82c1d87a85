"""The real `lotse` command as a process of its own, and which processes use a folder."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

COMMAND = Path(sys.executable).with_name("lotse")
"""As the package installs it."""
PATIENCE_SECONDS = 120.0
SET_UP = {"LOTSE_CACHE", "LOTSE_JAVA_HOME"}


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


def surroundings(**variables: str) -> dict[str, str]:
    """Give our environment without any LOTSE_ setting, wide enough for whole lines, with these variables."""
    kept = {name: value for name, value in os.environ.items() if name in SET_UP or not name.startswith("LOTSE_")}
    return {**kept, "COLUMNS": "200", **variables}


async def lotse(*arguments: object, **variables: str) -> Said:
    """Run `lotse` with these arguments to its end."""
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=surroundings(**variables),
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Said(process.returncode or 0, out.decode(), err.decode())


def processes_below(folder: Path) -> list[str]:
    """Give the command lines of all living processes that name something below the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue  # it ended while we looked; a zombie's line is empty
            if str(folder) in line:
                found.append(f"{entry.name} {line}")
    return found
