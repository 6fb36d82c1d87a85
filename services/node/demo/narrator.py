"""Tells the story in the terminal: each step with what it shows and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

from services.common.rpc.client import RpcError
from services.node.importing import explain
from services.node.servers.errors import ServerStartError


class StepFailed(Exception):
    """A step of the story did not come true; the text says what was expected and what was seen."""


class Narrator:
    """Prints steps and keeps count of those that failed."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.failed = 0

    def chapter(self, title: str) -> None:
        """Begin a part of the story."""
        self.console.print(f"\n[bold cyan]{escape(title)}[/bold cyan]", highlight=False)

    def detail(self, text: str) -> None:
        """Add a line to the present step."""
        self.console.print(f"      {text}", highlight=False)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Run one step and print it with its measured time; a failure is printed, counted, and raised as StepFailed."""
        started = time.perf_counter()
        try:
            yield
        except (StepFailed, RpcError, ServerStartError) as error:
            self.failed += 1
            reason = explain(error) if isinstance(error, RpcError) else str(error)
            self.console.print(f"  [red]✘[/red] {escape(what)}: {escape(reason)}", highlight=False)
            raise StepFailed(reason) from error
        self.console.print(f"  [green]✔[/green] {escape(what)} [dim]{spent(started)}[/dim]", highlight=False)


def spent(started: float) -> str:
    """Say how long it has been since `started` (time.perf_counter): milliseconds below ten seconds."""
    seconds = time.perf_counter() - started
    return f"{seconds:.1f} s" if seconds >= 10 else f"{seconds * 1000:.0f} ms"
