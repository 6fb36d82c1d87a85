"""`lotse demo`: a small federation on this machine, the story told on it, then it stays up until Ctrl-C."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.node.demo.cast import LEAST_NODES, MOST_NODES
from services.node.demo.narrator import Narrator


def demo(
    nodes: Annotated[int, typer.Option(min=LEAST_NODES, max=MOST_NODES, help="How many regions.")] = 3,
    once: Annotated[bool, typer.Option("--once", help="End after the story.")] = False,
    folder: Annotated[Path | None, typer.Option("--dir", help="Keep the nodes here; must hold none yet.")] = None,
) -> None:
    """Show the main job: an offer changes in one region and is found state-wide in other languages."""
    from services.node.demo.performance import play

    narrator = Narrator(Console(soft_wrap=True))
    base = Path(tempfile.mkdtemp(prefix="lotse-demo-")) if folder is None else folder.absolute()
    keep = True
    try:
        told = asyncio.run(play(narrator, base, nodes, once=once))
        keep = narrator.failed > 0
    finally:
        if keep:
            narrator.console.print(f"The nodes and their logs are in {base}", highlight=False)
        elif folder is None:
            shutil.rmtree(base, ignore_errors=True)
    if narrator.failed:
        narrator.console.print(f"[red]{narrator.failed} step failed.[/red]")
        raise typer.Exit(1)
    if not told:
        raise typer.Exit(130)
