"""`lotse offers`: what a welcome centre does with its own directory."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
import yaml
from google.protobuf.json_format import MessageToDict, MessageToJson
from rich.console import Console
from rich.table import Table

from lotse.directory.v1 import offer_pb2, offer_requests_pb2
from lotse.directory.v1.directory_service_pb2_grpc import DirectoryServiceStub
from services.node.cli.target import AddressOption, CliError, NodeOption, RegionOption, Target, TokenOption, find_target
from services.node.importing import PATIENCE, ImportReport, import_directory, known_names
from services.node.seed import load_seed

app = typer.Typer(help="List, show and import the offers of a node.", no_args_is_help=True)
console = Console()

STATES = {name.removeprefix("OFFER_STATE_").lower(): number for name, number in offer_pb2.OfferState.items() if number}


@app.command("list")
def list_offers(
    node: NodeOption = None,
    address: AddressOption = None,
    token_file: TokenOption = None,
    region: RegionOption = None,
    state: Annotated[str | None, typer.Option(help=f"Only these: {', '.join(STATES)}.")] = None,
    topic: Annotated[str, typer.Option(help="Only with this topic, e.g. recognition.")] = "",
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted ones too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List the offers of a node, as its own staff sees them."""
    if state is not None and state not in STATES:
        message = f"--state {state}: must be one of {', '.join(STATES)}"
        raise CliError(message)
    target = _target(find_target("directory", "editor", node, address, token_file, region))
    request = offer_requests_pb2.ListOffersRequest(
        parent=f"regions/{target.region}",
        states=[offer_pb2.OfferState.ValueType(STATES[state])] if state else [],
        topic=topic,
        show_deleted=deleted,
        order_by="title",
        page_size=500,
    )
    offers = asyncio.run(_all(target, request))
    if as_json:
        for offer in offers:
            typer.echo(MessageToJson(offer, preserving_proto_field_name=True, indent=None, ensure_ascii=False))
        return
    table = Table("offer", "title", "state", "topics", title=f"{len(offers)} offers of {target.region}")
    for offer in offers:
        table.add_row(offer.name.rsplit("/", 1)[-1], title_of(offer), state_of(offer), ", ".join(offer.topics))
    console.print(table)


@app.command("show")
def show_offer(
    offer: Annotated[str, typer.Argument(help="Id, or whole name regions/…/offers/….")],
    node: NodeOption = None,
    address: AddressOption = None,
    token_file: TokenOption = None,
    region: RegionOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show one offer with everything that is stored of it."""
    target = _target(find_target("directory", "editor", node, address, token_file, region))
    name = offer if "/" in offer else f"regions/{target.region}/offers/{offer}"
    found = asyncio.run(_get(target, name))
    if as_json:
        typer.echo(MessageToJson(found, preserving_proto_field_name=True, ensure_ascii=False))
    else:
        fields = MessageToDict(found, preserving_proto_field_name=True)
        typer.echo(yaml.safe_dump(fields, allow_unicode=True, sort_keys=False), nl=False)


@app.command("import")
def import_offers(
    file: Annotated[
        Path, typer.Argument(help="YAML file with partners, sites and offers.", exists=True, dir_okay=False)
    ],
    node: NodeOption = None,
    address: AddressOption = None,
    token_file: TokenOption = None,
    region: RegionOption = None,
    draft: Annotated[bool, typer.Option("--draft", help="Leave new offers unpublished.")] = False,
) -> None:
    """Bring a data file into the node's directory: creates, updates, publishes; running it again is harmless.

    The whole file is checked first; nothing is changed while anything in it is wrong. What it refers to may be in
    the file or in the directory already.
    """
    target = _target(find_target("directory", "editor", node, address, token_file, region))
    report = asyncio.run(_import(target, file, publish=not draft))
    typer.echo(summary(report))
    for line in report.refused:
        typer.echo(f"refused: {line}", err=True)
    if report.refused:
        raise typer.Exit(1)


def summary(report: ImportReport) -> str:
    """Say in one line what an import did."""
    counts = f"created {report.created}, updated {report.updated}, unchanged {report.unchanged}"
    return f"{counts}, published {report.published}, refused {len(report.refused)}"


def title_of(offer: offer_pb2.Offer) -> str:
    """Give the German title, else the first one, else nothing."""
    titles = {text.language_code: text.title for text in offer.texts}
    return titles.get("de") or next(iter(titles.values()), "")


def state_of(offer: offer_pb2.Offer) -> str:
    """Give an offer's state as people write it."""
    if offer.HasField("delete_time"):
        return "deleted"
    return offer_pb2.OfferState.Name(offer.state).removeprefix("OFFER_STATE_").lower()


def _target(target: Target) -> Target:
    if not target.region:
        message = "--address needs --region: whose records shall be listed?"
        raise CliError(message)
    return target


async def _all(target: Target, request: offer_requests_pb2.ListOffersRequest) -> list[offer_pb2.Offer]:
    offers: list[offer_pb2.Offer] = []
    async with target.channel() as channel:
        stub = DirectoryServiceStub(channel)
        while True:
            page = await stub.ListOffers(request)
            offers.extend(page.offers)
            if not page.next_page_token:
                return offers
            request.page_token = page.next_page_token


async def _get(target: Target, name: str) -> offer_pb2.Offer:
    async with target.channel() as channel:
        stub = DirectoryServiceStub(channel)
        return (await stub.GetOffer(offer_requests_pb2.GetOfferRequest(name=name))).offer


async def _import(target: Target, file: Path, *, publish: bool) -> ImportReport:
    async with target.channel(PATIENCE) as channel:
        stub = DirectoryServiceStub(channel)
        seed = load_seed(file, target.region, await known_names(stub, target.region))
        return await import_directory(stub, target.region, seed, publish=publish)
