"""`lotse search`: a question in any language, the offers that help, and why."""

import asyncio
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from rich.console import Console
from rich.markup import escape

from lotse.search.v1 import explain_pb2, search_pb2, search_service_pb2
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.node.cli.explained import show_why
from services.node.cli.offers import title_of
from services.node.cli.target import AddressOption, NodeOption, Target, TokenOption, find_target

console = Console(soft_wrap=True)


def search(  # noqa: PLR0917 - each one is an option of the command line
    text: Annotated[str, typer.Argument(help="The question, in any language.")],
    node: NodeOption = None,
    address: AddressOption = None,
    token_file: TokenOption = None,
    language: Annotated[str, typer.Option("--language", help="Language of labels and reasons.")] = "de",
    district: Annotated[str, typer.Option(help="Where the person lives: district code, five digits.")] = "",
    consultation: Annotated[list[str] | None, typer.Option(help="Only with advice in this language.")] = None,
    region: Annotated[list[str] | None, typer.Option(help="Only offers of this region.")] = None,
    free_places: Annotated[bool, typer.Option("--free-places", help="Only offers that say a place is free.")] = False,
    explain: Annotated[
        str, typer.Option(metavar="OFFER", help="Say why this offer (regions/…/offers/…) is found or not, and where.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=50, help="How many hits.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="The whole answer as JSON.")] = False,
) -> None:
    """Find offers of all regions by a question in any language, with the reason why."""
    narrowed = search_pb2.OfferFilter(
        regions=region or [], consultation_languages=consultation or [], only_with_free_places=free_places
    )
    request = search_service_pb2.SearchOffersRequest(
        text=text, language_code=language, caller_district_code=district, page_size=limit, filter=narrowed
    )
    target = find_target("search", "hotline", node, address, token_file)
    answer: Message
    if explain:
        answer = told = asyncio.run(ask_why(target, explain, request))
    else:
        answer = found = asyncio.run(ask(target, request))
    if as_json:
        typer.echo(MessageToJson(answer, preserving_proto_field_name=True, ensure_ascii=False))
    elif explain:
        show_why(told, console)
    else:
        show(found, console)


async def ask(
    target: Target, request: search_service_pb2.SearchOffersRequest
) -> search_service_pb2.SearchOffersResponse:
    """Call SearchOffers of one target."""
    async with target.channel() as channel:
        stub = SearchServiceStub(channel)
        return await stub.SearchOffers(request)


async def ask_why(
    target: Target, offer: str, request: search_service_pb2.SearchOffersRequest
) -> explain_pb2.ExplainOfferResponse:
    """Call ExplainOffer for the same question."""
    question = explain_pb2.ExplainOfferRequest(
        name=offer,
        text=request.text,
        language_code=request.language_code,
        caller_district_code=request.caller_district_code,
        filter=request.filter,
    )
    async with target.channel() as channel:
        stub = SearchServiceStub(channel)
        return await stub.ExplainOffer(question)


def show(found: search_service_pb2.SearchOffersResponse, out: Console) -> None:
    """Print what was understood, the hits with their reasons, and which regions may be missing."""
    understood = found.understanding
    if understood.concepts:
        labels = ", ".join(f"{concept.label} ({concept.weight:.2f})" for concept in understood.concepts)
        out.print(f"[dim]understood ({understood.language_code}):[/dim] {escape(labels)}", highlight=False)
    if understood.abstained and understood.suggestions:
        labels = ", ".join(concept.label for concept in understood.suggestions)
        out.print(f"not sure what is meant. Did you mean: [bold]{escape(labels)}[/bold]?", highlight=False)
    for place, hit in enumerate(found.hits, start=1):
        region = hit.name.split("/")[1]
        out.print(f"{place:2}. [bold]{escape(title_of(hit.entry.offer))}[/bold]", highlight=False)
        out.print(f"    {escape(hit.entry.partner.display_name)} · {region}", highlight=False)
        reasons = "; ".join(why.text for why in hit.why)
        if reasons:
            out.print(f"    [green]why:[/green] {escape(reasons)}", highlight=False)
    if not found.hits:
        out.print("no offer found")
    for coverage in found.coverage:
        state = search_pb2.CoverageState.Name(coverage.state).removeprefix("COVERAGE_STATE_").lower().replace("_", " ")
        out.print(f"[yellow]{coverage.region}: {state}: its offers may be old or missing here[/yellow]")
