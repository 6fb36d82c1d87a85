"""`lotse doctor`: looks at a node and says in plain words what is wrong and what to do."""

import asyncio

import typer
from rich.console import Console

from services.common.clock import utc_now
from services.node.cli.target import NodeOption, find_node
from services.node.health import check_files, check_running
from services.node.initialise import known_node


def doctor(node: NodeOption = None) -> None:
    """Check a node: keys, member list, disk, services, servers, what waits. Exit code 1 when something is wrong."""
    layout, settings = known_node(find_node(node))
    findings = [*check_files(layout, settings, utc_now), *asyncio.run(check_running(layout, settings))]
    console = Console()
    for finding in findings:
        mark = "[green]ok[/green]   " if finding.good else "[red]wrong[/red]"
        console.print(f"{mark} {finding.subject}: {finding.what}", highlight=False)
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)
