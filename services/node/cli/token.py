"""`lotse token`: who may call a node."""

from datetime import timedelta
from typing import Annotated

import typer

from services.common.clock import utc_now
from services.common.rpc.auth import create_token, revoke_token
from services.common.rpc.callers import Role
from services.node.cli.target import CliError, NodeOption, find_node
from services.node.initialise import known_node

app = typer.Typer(help="Make and revoke API tokens of a node.", no_args_is_help=True)


@app.command("create")
def create(
    role: Annotated[Role, typer.Option(help="What the holder may do.")],
    name: Annotated[str, typer.Option(help="What the token is for, e.g. console; never a person's name.")],
    node: NodeOption = None,
    days: Annotated[int, typer.Option(min=1, max=730, help="How long it is good.")] = 90,
) -> None:
    """Make a token and print it; it is shown this once and stored as a hash. The running node takes it at once."""
    layout, settings = known_node(find_node(node))
    lifetime = timedelta(days=days)
    token = create_token(layout.tokens, utc_now, region=settings.region, role=role, name=name, lifetime=lifetime)
    typer.echo(token)


@app.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(help="The middle part of lotse_<id>_<secret>.")],
    node: NodeOption = None,
) -> None:
    """Take a token back; the running node refuses it from its next call on."""
    layout, _ = known_node(find_node(node))
    if not revoke_token(layout.tokens, token_id):
        message = f"no token with the id {token_id}"
        raise CliError(message)
