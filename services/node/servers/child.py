"""Child processes that end with us: at the end of the block in order, and by the kernel's hand if we are killed.

Each child is started through `launch.py`, which ties it to our life and then becomes it. The tie is to the thread that
starts it: start children on the main thread's event loop, never in a worker thread, whose end would end them.
"""

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from services.node.servers import launch
from services.node.servers.errors import ServerStartError, log_tail

log = structlog.get_logger(__name__)

_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to start and how to end it.

    ENV is the child's whole environment; None passes on ours. STEP_DOWN: as root, run as an unprivileged user who gets
    the folders OWNS and can read READS; without root it changes nothing. Standard output and error go to LOG_PATH,
    appended. STOP_SIGNAL is what an orderly stop begins with, SIGKILL follows after STOP_SECONDS.
    """

    name: str
    command: tuple[str, ...]
    log_path: Path
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    step_down: bool = False
    stop_seconds: float = 10.0
    stop_signal: signal.Signals = signal.SIGTERM
    owns: tuple[Path, ...] = ()
    reads: tuple[Path, ...] = ()


class Child:
    """A started process. Its pid is the server's own from the first moment on: the launcher becomes the server."""

    def __init__(self, spec: ChildSpec, process: Process, log_start: int) -> None:
        self.spec = spec
        self._process = process
        self._log_start = log_start

    @property
    def pid(self) -> int:
        """The process id; also the id of its process group and session."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal, None while it runs."""
        return self._process.returncode

    def log_tail(self) -> str:
        """The last lines this start wrote."""
        return log_tail(self.spec.log_path, self._log_start)

    async def wait(self) -> int:
        """Wait for its end; the exit code."""
        return await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; one to a child that has ended is nothing."""
        # Not through asyncio: that asks whether the child has ended first, and so can take the exit code away from
        # the thread that waits for it.
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would. `wait` afterwards to see it gone."""
        self.signal(signal.SIGKILL)

    async def stop(self) -> None:
        """End it in order; kill it if it takes longer than the spec allows, or if we are cancelled meanwhile."""
        if self.returncode is not None:
            return
        self.signal(self.spec.stop_signal)
        try:
            await asyncio.wait_for(self.wait(), self.spec.stop_seconds)
        except TimeoutError:
            log.warning("child.killed", child=self.spec.name, pid=self.pid, waited_seconds=self.spec.stop_seconds)
        finally:
            self.kill()
            await self.wait()
        log.info("child.stopped", child=self.spec.name, pid=self.pid, exit_code=self.returncode)

    async def until_ready(
        self, probe: Callable[[], Awaitable[bool]], *, deadline_seconds: float, advice: str = ""
    ) -> None:
        """Ask PROBE until it says yes; raises ServerStartError when the child ends or the deadline passes before."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + deadline_seconds
        while True:
            # Asked in this order, so that an answer never comes from someone else after our child has gone.
            answered = await probe()
            if self.returncode is not None:
                raise self.start_error(f"it ended with code {self.returncode}", advice)
            if answered:
                return
            if loop.time() > deadline:
                raise self.start_error(f"no answer within {deadline_seconds:g} s", advice)
            await asyncio.sleep(_POLL_SECONDS)

    def start_error(self, reason: str, advice: str = "") -> ServerStartError:
        """The error for a child that is of no use, with its last words."""
        return ServerStartError(self.spec.name, reason, advice, self.spec.log_path, self.log_tail())


@asynccontextmanager
async def running_child(spec: ChildSpec) -> AsyncIterator[Child]:
    """Start SPEC and yield it at once, ready or not; leaving the block stops it.

    Raises OSError if the log cannot be written; a command that cannot be started ends with code 126 and says so in
    its log.
    """
    child = await _start(spec)
    log.info("child.started", child=spec.name, pid=child.pid)
    try:
        yield child
    finally:
        await child.stop()


async def _start(spec: ChildSpec) -> Child:
    spec.log_path.parent.mkdir(parents=True, exist_ok=True)
    with spec.log_path.open("ab") as output:
        log_start = output.tell()  # now, as the child's writes move the position we share with it
        process = await asyncio.create_subprocess_exec(
            *_command_line(spec),
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            cwd=spec.cwd,
            env=None if spec.env is None else dict(spec.env),
            # Ctrl-C in the terminal goes to our process group only, so that we can stop the children in order.
            start_new_session=True,
        )
    return Child(spec, process, log_start)


def _command_line(spec: ChildSpec) -> list[str]:
    """The launcher and what it becomes. -I and -S: no site packages, no PYTHON variables, quick to start."""
    command = [sys.executable, "-I", "-S", str(Path(launch.__file__).resolve()), "--parent", str(os.getpid())]
    if spec.step_down:
        command.append("--step-down")
    for option, paths in (("--owns", spec.owns), ("--reads", spec.reads)):
        for path in paths:
            command += [option, str(path.absolute())]
    # The program is looked for here and not by the child, whose folder and PATH may be others.
    program = Path(shutil.which(spec.command[0]) or spec.command[0]).absolute()
    return [*command, "--", str(program), *spec.command[1:]]
