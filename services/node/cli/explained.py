"""Prints why an offer is found for a question or not: the rules, what would fit instead, and what must come first."""

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape

from lotse.search.v1 import explain_pb2

_SIGNS = {
    explain_pb2.RULE_OUTCOME_PASSED: "[green]ok    [/green]",
    explain_pb2.RULE_OUTCOME_RAISES: "[green]higher[/green]",
    explain_pb2.RULE_OUTCOME_LOWERS: "[yellow]lower [/yellow]",
    explain_pb2.RULE_OUTCOME_FAILED: "[red]fails [/red]",
    explain_pb2.RULE_OUTCOME_NOT_ASKED: "[dim]-     [/dim]",
}
"""What each outcome is called, in six letters."""


def show_why(told: explain_pb2.ExplainOfferResponse, out: Console) -> None:
    """Print an explanation."""
    where = f"[bold]place {told.place}[/bold]" if told.shown else "[bold]not shown[/bold]"
    out.print(f"{escape(told.title)}: {where}", highlight=False)
    for rule in told.rules:
        name = explain_pb2.Rule.Name(rule.rule).removeprefix("RULE_").lower().replace("_", " ")
        out.print(f"  {_SIGNS.get(rule.outcome, '?')} {name:21} {escape(rule.text)}", highlight=False)
    for step in told.missing_steps:
        out.print(f"[yellow]first:[/yellow] {escape(step.text)}", highlight=False)
        _show_offers(step.counters, out)
    if told.nearest:
        out.print("would fit instead:")
        _show_offers(told.nearest, out)


def _show_offers(offers: Iterable[explain_pb2.NearOffer], out: Console) -> None:
    for offer in offers:
        reasons = "; ".join(why.text for why in offer.why)
        out.print(f"    [bold]{escape(offer.title)}[/bold] · {escape(offer.partner)} · {offer.name}", highlight=False)
        if reasons:
            out.print(f"      [green]why:[/green] {escape(reasons)}", highlight=False)
