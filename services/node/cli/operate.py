"""What an operator does with a running node."""

import asyncio

import typer

from services.node.cli.target import NodeOption, find_node
from services.node.initialise import known_node
from services.node.reindexing import reindex_node


def reindex(node: NodeOption = None) -> None:
    """Build the search index anew from the search database; searches and changes go on meanwhile."""
    layout, settings = known_node(find_node(node))
    documents, seconds = asyncio.run(reindex_node(layout, settings))
    typer.echo(f"rebuilt the index: {documents} documents in {seconds:.1f} s")
