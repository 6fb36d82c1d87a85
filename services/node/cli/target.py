"""Owns how a sub-command finds the service that it talks to, and what it says when it cannot."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import grpc
import typer

from services.common.rpc.client import Patience, connect
from services.node.layout import NodeLayout
from services.node.settings import load_node_settings

NodeOption = Annotated[
    Path | None,
    typer.Option("--node", metavar="DIR", envvar="LOTSE_NODE", help="Folder of a node on this machine."),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address", metavar="HOST:PORT", envvar="LOTSE_ADDRESS", help="A service elsewhere, instead of --node."
    ),
]
TokenOption = Annotated[
    Path | None,
    typer.Option("--token-file", metavar="FILE", envvar="LOTSE_TOKEN_FILE", help="Token for --address."),
]
RegionOption = Annotated[str | None, typer.Option("--region", metavar="ID", help="Region of the service at --address.")]


class CliError(Exception):
    """What went wrong and what to do, in words for the terminal; the command ends with exit code 2."""


@dataclass(frozen=True, slots=True)
class Target:
    """One service to call: where, as whom, and whose records it keeps."""

    address: str
    token: str
    region: str

    @asynccontextmanager
    async def channel(self, patience: Patience | None = None) -> AsyncIterator[grpc.aio.Channel]:
        """Open a channel that sets deadlines and the token; `patience` is for work that nobody waits for."""
        async with connect(self.address, self.token, patience=patience) as channel:
            yield channel


def find_target(
    service: str,
    role: str,
    node: Path | None,
    address: str | None = None,
    token_file: Path | None = None,
    region: str | None = None,
) -> Target:
    """Find `service` ("directory", "search", "federation") of the node, or take the address as given.

    Raises CliError when neither says enough, the node does not run, or it does not host the service.
    """
    if address is not None:
        if token_file is None:
            message = "--address needs --token-file (make a token with `lotse token create` on that node)"
            raise CliError(message)
        return Target(address, _read_token(token_file), region or "")
    layout = NodeLayout(find_node(node))
    running = layout.read_addresses()
    if not running:
        raise CliError(not_running(layout))
    settings = load_node_settings(layout)
    if service not in running:
        message = f"the node in {layout.root} does not host {service}; it hosts: {', '.join(sorted(settings.services))}"
        raise CliError(message)
    return Target(running[service], _read_token(layout.cli_token(role)), settings.region)


def not_running(layout: NodeLayout) -> str:
    """Say why a node does not answer, and what to do."""
    if layout.is_held():
        return f"the node in {layout.root} is still starting: try again in some seconds"
    return f"the node in {layout.root} does not run: start it with `lotse node run --node {layout.root}`"


def find_node(node: Path | None) -> Path:
    """Give the node's folder; raises CliError when none is named or it is none."""
    if node is None:
        message = (
            "which node? give --node DIR (or set LOTSE_NODE); `lotse node init` makes one, `make demo` prints its own"
        )
        raise CliError(message)
    if not NodeLayout(node).config.is_file():
        message = f"{node} is no node: it has no node.toml (make one with `lotse node init --node {node} --region ID`)"
        raise CliError(message)
    return node.resolve()


def _read_token(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        message = f"cannot read the token file {path}: {os.strerror(error.errno or 0)}"
        raise CliError(message) from error
