"""`lotse node`: make a node and run it."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from services.common.clock import utc_now
from services.node.cli.target import CliError, NodeOption, find_node
from services.node.initialise import admit, card_file, create_node, draw_ports, fresh_ports, known_node
from services.node.layout import NodeLayout
from services.node.servers.ports import LOOPBACK
from services.node.settings import check_settings

app = typer.Typer(help="Make a node and run it.", no_args_is_help=True)


@app.command("init")
def init(
    region: Annotated[str, typer.Option(help="Id of the region: lower-case letters, digits, hyphens.")],
    node: Annotated[Path, typer.Option("--node", metavar="DIR", help="Folder to make the node in.")],
    display_name: Annotated[str, typer.Option("--name", help="Name for people.")] = "",
    state: Annotated[
        bool, typer.Option("--state", help="The state node: makes the root key, runs hub and search.")
    ] = False,
    hub: Annotated[str | None, typer.Option("--hub", metavar="URL", help="nats:// address of the hub.")] = None,
    with_search: Annotated[bool, typer.Option("--search", help="Run a search of its own.")] = False,
    district: Annotated[list[str] | None, typer.Option(help="District code that the region speaks for.")] = None,
) -> None:
    """Make a node: folder, keys, tokens, settings, member card. Nothing is started."""
    layout = NodeLayout(node.absolute())
    search = state or with_search
    settings = check_settings(
        {
            "region": region,
            "display_name": display_name or region,
            "state_node": state,
            "services": ("directory", "referral", "notify", "federation", *(("search",) if search else ())),
            "hub_url": hub,
            "ports": draw_ports(fresh_ports(), search=search, hub=state),
        }
    )
    card = create_node(layout, settings, utc_now, district or ())
    typer.echo(f"node {region} made in {layout.root}; key fingerprint {card.signing_keys[0].key_id}")
    if state:
        admit(layout, [card], utc_now)
        typer.echo(f"it is the state node; others join with --hub nats://{LOOPBACK}:{settings.ports.hub}")
        typer.echo(f"take {layout.root_key} offline when all regions are in: who has it decides who belongs")
    else:
        typer.echo(f"next: on the state node, lotse hub admit {card_file(layout)}")
        typer.echo(f"then copy its federation/root.pub and federation/members.binpb to {layout.members.parent}")
    typer.echo(f"start it with: lotse node run --node {layout.root}")


@app.command("run")
def run(node: NodeOption = None) -> None:
    """Run a node with everything it hosts until Ctrl-C or SIGTERM."""
    from services.common.db.migrations import WrongDatabaseVersion
    from services.node.runner import run_until_told

    layout, settings = known_node(find_node(node))
    try:
        asyncio.run(run_until_told(layout, settings))
    except WrongDatabaseVersion as error:
        raise CliError(str(error)) from error
