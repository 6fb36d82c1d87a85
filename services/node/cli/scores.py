"""`lotse explain`: how a question was understood, step by step, and how each hit got its score."""

import asyncio
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToJson
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lotse.search.v1 import search_pb2, search_service_pb2
from services.node.cli.offers import title_of
from services.node.cli.search import ask
from services.node.cli.target import AddressOption, NodeOption, TokenOption, find_target

console = Console(soft_wrap=True)


def explain(
    question: Annotated[str, typer.Argument(help="The question, in any language.")],
    node: NodeOption = None,
    address: AddressOption = None,
    token_file: TokenOption = None,
    language: Annotated[str, typer.Option("--language", help="Language of the steps' names and of reasons.")] = "de",
    district: Annotated[str, typer.Option(help="Where the person lives: district code, five digits.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=50, help="How many hits.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="The whole answer as JSON.")] = False,
) -> None:
    """Show how a question is understood, step by step, and what each hit's score is made of."""
    request = search_service_pb2.SearchOffersRequest(
        text=question, language_code=language, caller_district_code=district, page_size=limit, explain=True
    )
    found = asyncio.run(ask(find_target("search", "hotline", node, address, token_file), request))
    if as_json:
        typer.echo(MessageToJson(found, preserving_proto_field_name=True, ensure_ascii=False))
    else:
        show_steps(found.understanding, console)
        show_scores(found, console)


def show_steps(understood: search_pb2.Understanding, out: Console) -> None:
    """Print each step with what it found."""
    if not understood.steps:
        # An empty question, or a service of an older release, which does not know what was asked.
        out.print("no steps: nothing was asked, or the service cannot tell them")
    for number, step in enumerate(understood.steps, start=1):
        out.print(f"{number:2}. [bold]{escape(step.name)}:[/bold] {escape(step.found or '–')}", highlight=False)
    if understood.abstained:
        labels = ", ".join(concept.label for concept in understood.suggestions)
        near = f"; nearest: {escape(labels)}" if labels else ""
        out.print(f"    [yellow]not sure what is meant: only literal words count{near}[/yellow]", highlight=False)


def show_scores(found: search_service_pb2.SearchOffersResponse, out: Console) -> None:
    """Print each hit with a table of what its score is made of."""
    out.print()
    for place, hit in enumerate(found.hits, start=1):
        title, partner = escape(title_of(hit.entry.offer)), escape(hit.entry.partner.display_name)
        out.print(f"{place:2}. [bold]{title}[/bold] · {partner} · {hit.name}", highlight=False)
        out.print(_table(hit) if hit.score_parts else f"    score {hit.score:.2f}\n", highlight=False)
    if not found.hits:
        out.print("no offer found")


def _table(hit: search_pb2.OfferHit) -> Table:
    table = Table("part", box=box.SIMPLE, show_footer=True)
    table.columns[0].footer = "score"
    table.add_column("adds", justify="right", footer=f"{hit.score:.2f}")
    table.add_column("share", justify="right")
    for part in hit.score_parts:
        share = part.score / hit.score if hit.score else 0.0
        table.add_row(escape(part.name), f"{part.score:.2f}", f"{share:.0%}")
    return table
