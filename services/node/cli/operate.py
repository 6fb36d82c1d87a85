"""What an operator does with a running node."""

import asyncio
from typing import Annotated

import typer

from services.node.cli.target import CliError, NodeOption, find_node, not_running
from services.node.initialise import known_node
from services.node.layout import NodeLayout
from services.node.settings import NodeSettings


def reindex(
    node: NodeOption = None,
    reread: Annotated[
        bool, typer.Option("--reread", help="Read hub and own broker from the beginning: the search database was lost.")
    ] = False,
) -> None:
    """Build the search index anew from the search database; searches and changes go on meanwhile."""
    layout, settings = known_node(find_node(node))
    engine = _engine_of(layout, settings)
    if reread:
        typer.echo(f"reads again from the beginning: {', '.join(asyncio.run(_reread(layout, settings)))}")
        typer.echo("the running search takes it from here; `lotse search` says which regions are not complete yet")
        return
    documents, seconds = asyncio.run(_rebuild(layout, settings, engine))
    typer.echo(f"rebuilt the index: {documents} documents in {seconds:.1f} s")


def _engine_of(layout: NodeLayout, settings: NodeSettings) -> str:
    if "search" not in settings.services:
        raise CliError(f"the node in {layout.root} hosts no search, so it has no index")
    addresses = layout.read_addresses()
    if not addresses:
        raise CliError(not_running(layout))
    return addresses["engine"]


async def _rebuild(layout: NodeLayout, settings: NodeSettings, engine: str) -> tuple[int, float]:
    from services.common.db.migrations import WrongDatabaseVersion
    from services.node.reindexing import rebuild_index
    from services.search.ports import RebuildFailed

    try:
        return await rebuild_index(layout, settings, engine)
    except (RebuildFailed, WrongDatabaseVersion) as error:
        raise CliError(str(error)) from error


async def _reread(layout: NodeLayout, settings: NodeSettings) -> list[str]:
    from services.node.reindexing import reread_streams

    try:
        return await reread_streams(layout, settings)
    except TimeoutError as error:
        raise CliError("hub or own broker do not answer: `lotse doctor` says which") from error
