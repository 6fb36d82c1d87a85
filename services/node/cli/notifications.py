"""`lotse notifications`: what the staff of a node was told."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lotse.notify.v1 import notify_pb2, notify_service_pb2
from lotse.notify.v1.notify_service_pb2_grpc import NotifyServiceStub
from services.node.cli.target import NodeOption, Target, find_target

app = typer.Typer(help="What the staff of this node was told.", no_args_is_help=True)
console = Console()


@app.command("list")
def list_notifications(
    node: NodeOption = None,
    unseen: Annotated[bool, typer.Option("--unseen", help="Only those that nobody has acknowledged.")] = False,
) -> None:
    """List notifications, newest first."""
    target = find_target("notify", "counsellor", node)
    table = Table("time", "recipient", "what", "about")
    for each in asyncio.run(_list(target, unseen=unseen)):
        time = each.create_time.ToDatetime().isoformat(sep=" ", timespec="seconds")
        table.add_row(time, each.recipient.rsplit("/", 1)[-1], each.text, each.subject)
    console.print(table)


async def _list(target: Target, *, unseen: bool) -> list[notify_pb2.Notification]:
    async with target.channel() as channel:
        request = notify_service_pb2.ListNotificationsRequest(
            parent=f"regions/{target.region}", unacknowledged_only=unseen, page_size=100
        )
        return list((await NotifyServiceStub(channel).ListNotifications(request)).notifications)
