"""`lotse hub`: who belongs to the federation; on the state node."""

from pathlib import Path
from typing import Annotated

import typer

from services.common.clock import utc_now
from services.node.cli.target import CliError, NodeOption, find_node
from services.node.initialise import admit, known_node, read_card

app = typer.Typer(help="Admit regions to the federation; on the state node.", no_args_is_help=True)


@app.command("admit")
def admit_region(
    card: Annotated[Path, typer.Argument(help="federation/card.binpb of the new node.", exists=True, dir_okay=False)],
    node: NodeOption = None,
) -> None:
    """Sign a new member list with this region in it.

    Compare the key's fingerprint with the region by telephone first. Then hand `federation/root.pub` and
    `federation/members.binpb` to every node, and start the state node again so that the hub knows the new user.
    """
    layout, settings = known_node(find_node(node))
    if not settings.state_node:
        message = f"{settings.region} is not the state node"
        raise CliError(message)
    member = read_card(card)
    serial = admit(layout, [member], utc_now)
    typer.echo(f"admitted {member.region}: fingerprint {member.signing_keys[0].key_id}, member list {serial}")
