"""Owns the writing of a new migration: `python -m services.common.db.revise FOLDER SERVICE "what it does"`.

It compares the service's tables with what its revisions make in a fresh database. Read the file, mend it and run
`ruff check --fix` and `ruff format` on it before use.
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import Script
from sqlalchemy import Connection

from services.common.db.connections import make_migration_engine
from services.common.db.migrations import alembic_config, upgrade

_TEMPLATE = Path(__file__).with_name("script.py.mako")


async def write_revision(script_location: Path, service: str, message: str) -> Path:
    """Write the next revision into `script_location`/versions and give its path; `message` starts with a capital."""
    (script_location / "versions").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/empty.db"
        await upgrade(url, script_location, service)
        engine = make_migration_engine(url)
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(_write, Path(folder), script_location, service, message)
        finally:
            await engine.dispose()


def _write(connection: Connection, folder: Path, script_location: Path, service: str, message: str) -> Path:
    """Let Alembic find the service's env.py and our template in one folder, which is all that it accepts."""
    shutil.copy(script_location / "env.py", folder / "env.py")
    shutil.copy(_TEMPLATE, folder / "script.py.mako")
    config = alembic_config(folder, service, connection)
    config.set_main_option("path_separator", "newline")
    versions = script_location / "versions"
    config.set_main_option("version_locations", str(versions).replace("%", "%%"))
    number = f"{len(list(versions.glob('[0-9]*.py'))) + 1:04}"
    script = command.revision(config, message, autogenerate=True, version_path=str(versions), rev_id=number)
    if not isinstance(script, Script):
        raise TypeError("Alembic wrote no single revision")
    return Path(script.path)


def main(arguments: list[str]) -> None:
    """Write one revision and say where."""
    folder, service, message = arguments
    path = asyncio.run(write_revision(Path(folder).resolve(), service, message))
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
