"""`lotse referrals`: bring a case to another counter, and work on what came."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer
from google.protobuf.json_format import MessageToJson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lotse.referral.v1 import referral_pb2, referral_requests_pb2
from lotse.referral.v1.referral_service_pb2_grpc import ReferralServiceStub
from services.node.cli.offers import title_of
from services.node.cli.target import CliError, NodeOption, Target, find_target

app = typer.Typer(help="Bring cases to other counters, and work on what came.", no_args_is_help=True)
console = Console()

Name = Annotated[str, typer.Argument(help="Id, or whole name regions/…/referrals/….")]
Step = Callable[[Any, str, int], Awaitable[referral_pb2.Referral]]

DECLINE = {
    name.removeprefix("DECLINE_REASON_").lower().replace("_", "-"): number
    for name, number in referral_pb2.DeclineReason.items()
    if number
}
OUTCOMES = {
    name.removeprefix("OUTCOME_CODE_").lower().replace("_", "-"): number
    for name, number in referral_pb2.OutcomeCode.items()
    if number
}


@app.command("recommend")
def recommend(
    case: Annotated[str, typer.Argument(help="The case's name, as `lotse cases new` printed it.")],
    node: NodeOption = None,
    language: Annotated[str, typer.Option("--language", help="Language of the reasons.")] = "de",
) -> None:
    """Find counters for a case, best first, with reasons and with what is missing."""
    target = find_target("referral", "counsellor", node)
    request = referral_requests_pb2.RecommendTargetsRequest(name=case, language_code=language)
    for place, candidate in enumerate(asyncio.run(_recommend(target, request)).candidates, start=1):
        mark = " [yellow](fallback)[/yellow]" if candidate.fallback else ""
        console.print(f"{place:2}. [bold]{escape(title_of(candidate.entry.offer))}[/bold]{mark}", highlight=False)
        console.print(f"    {candidate.entry.offer.name}", highlight=False)
        console.print(f"    [green]why:[/green] {escape('; '.join(candidate.reasons))}", highlight=False)
        for obstacle in candidate.obstacles:
            kind = "must come first" if obstacle.hard else "should come first"
            console.print(
                f"    [red]{kind}:[/red] {escape(obstacle.label)}: {', '.join(obstacle.offers)}", highlight=False
            )


@app.command("submit")
def submit(
    case: Annotated[str, typer.Argument(help="The case's name.")],
    offer: Annotated[str, typer.Argument(help="The offer's name, as `lotse referrals recommend` printed it.")],
    node: NodeOption = None,
) -> None:
    """Refer a case to an offer of another region; it travels by itself, also while the other side is offline."""
    referral = asyncio.run(_submit(find_target("referral", "counsellor", node), case, offer))
    console.print(f"{referral.name}: {state_of(referral)}", highlight=False)


@app.command("inbox")
def inbox(
    node: NodeOption = None,
    sent: Annotated[bool, typer.Option("--sent", help="Those that were sent instead.")] = False,
) -> None:
    """List what came to this node, newest first."""
    target = find_target("referral", "counsellor", node)
    side = referral_pb2.SIDE_SOURCE if sent else referral_pb2.SIDE_TARGET
    table = Table("referral", "state", "version", "from" if not sent else "to", "offer", "topics")
    for each in asyncio.run(_list(target, side)):
        other = each.target_region if sent else each.source_region
        table.add_row(
            each.name.rsplit("/", 1)[-1],
            state_of(each),
            str(each.version),
            other,
            each.offer.rsplit("/", 1)[-1],
            ", ".join(each.preview.topics),
        )
    console.print(table)


@app.command("show")
def show(
    referral: Name,
    node: NodeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with the proof.")] = False,
) -> None:
    """Show a referral with every step, who did it, and whether the other side has signed for it."""
    target = find_target("referral", "counsellor", node)
    found, proof = asyncio.run(_show(target, _name(target, referral)))
    if as_json:
        typer.echo(MessageToJson(found, preserving_proto_field_name=True, ensure_ascii=False))
        typer.echo(MessageToJson(proof, preserving_proto_field_name=True, ensure_ascii=False))
        return
    one = found.referral
    console.print(f"[bold]{one.name}[/bold]: {state_of(one)}", highlight=False)
    console.print(f"  {one.source_region} → {one.target_region}, {one.offer}", highlight=False)
    if one.HasField("person"):
        console.print(
            f"  person: {escape(one.person.name)}, {escape(one.person.email or one.person.phone)}", highlight=False
        )
    if one.conflict:
        console.print(f"  [yellow]{escape(one.conflict)}[/yellow]", highlight=False)
    for step in found.timeline:
        entry = step.entry
        state = referral_pb2.ReferralState.Name(entry.state).removeprefix("REFERRAL_STATE_").lower()
        when = entry.time.ToDatetime().isoformat(sep=" ", timespec="seconds")
        signed = " [dim]signed for by the other side[/dim]" if step.receipted else ""
        console.print(
            f"  {entry.version:2}. {when} {state} by {entry.author_region}/{entry.author_role}{signed}", highlight=False
        )
    words = (
        "[green]both logs agree[/green]"
        if proof.proven
        else f"[yellow]not proven: {'; '.join(proof.problems)}[/yellow]"
    )
    console.print(f"  {words}", highlight=False)


@app.command("accept")
def accept(referral: Name, node: NodeOption = None) -> None:
    """Say that this counter will help; the person's data comes then."""
    _run(node, referral, _accept)


@app.command("decline")
def decline(
    referral: Name,
    reason: Annotated[str, typer.Option(help=f"One of {', '.join(DECLINE)}.")],
    text: Annotated[str, typer.Option(help="More about it, without names.")] = "",
    node: NodeOption = None,
) -> None:
    """Say that this counter cannot help, and why; the source gets the next candidates."""
    if reason not in DECLINE:
        message = f"--reason {reason}: must be one of {', '.join(DECLINE)}"
        raise CliError(message)

    async def step(stub: Any, name: str, version: int) -> referral_pb2.Referral:
        request = referral_requests_pb2.DeclineReferralRequest(
            name=name, expected_version=version, reason=referral_pb2.DeclineReason.ValueType(DECLINE[reason]), text=text
        )
        found: referral_pb2.Referral = (await stub.DeclineReferral(request)).referral
        return found

    _run(node, referral, step)


@app.command("complete")
def complete(
    referral: Name,
    outcome: Annotated[str, typer.Option(help=f"One of {', '.join(OUTCOMES)}.")] = "solved",
    node: NodeOption = None,
) -> None:
    """Say that the help is done, and how it ended."""
    if outcome not in OUTCOMES:
        message = f"--outcome {outcome}: must be one of {', '.join(OUTCOMES)}"
        raise CliError(message)

    async def step(stub: Any, name: str, version: int) -> referral_pb2.Referral:
        request = referral_requests_pb2.CompleteReferralRequest(
            name=name, expected_version=version, outcome_code=referral_pb2.OutcomeCode.ValueType(OUTCOMES[outcome])
        )
        found: referral_pb2.Referral = (await stub.CompleteReferral(request)).referral
        return found

    _run(node, referral, step)


def state_of(referral: referral_pb2.Referral) -> str:
    """Give a referral's state as people write it."""
    return referral_pb2.ReferralState.Name(referral.state).removeprefix("REFERRAL_STATE_").lower().replace("_", " ")


def _run(node: Any, referral: str, step: Step) -> None:
    target = find_target("referral", "counsellor", node)
    after = asyncio.run(_step(target, _name(target, referral), step))
    console.print(f"{after.name}: {state_of(after)}", highlight=False)


def _name(target: Target, referral: str) -> str:
    return referral if "/" in referral else f"regions/{target.region}/referrals/{referral}"


async def _accept(stub: Any, name: str, version: int) -> referral_pb2.Referral:
    request = referral_requests_pb2.AcceptReferralRequest(name=name, expected_version=version)
    found: referral_pb2.Referral = (await stub.AcceptReferral(request)).referral
    return found


async def _step(target: Target, name: str, step: Step) -> referral_pb2.Referral:
    async with target.channel() as channel:
        stub = ReferralServiceStub(channel)
        now = (await stub.GetReferral(referral_requests_pb2.GetReferralRequest(name=name))).referral
        return await step(stub, name, now.version)


async def _recommend(
    target: Target, request: referral_requests_pb2.RecommendTargetsRequest
) -> referral_requests_pb2.RecommendTargetsResponse:
    async with target.channel() as channel:
        return await ReferralServiceStub(channel).RecommendTargets(request)


async def _submit(target: Target, case: str, offer: str) -> referral_pb2.Referral:
    async with target.channel() as channel:
        stub = ReferralServiceStub(channel)
        create = referral_requests_pb2.CreateReferralRequest(parent=f"regions/{target.region}", case=case, offer=offer)
        draft = (await stub.CreateReferral(create)).referral
        send = referral_requests_pb2.SubmitReferralRequest(name=draft.name, expected_version=draft.version)
        return (await stub.SubmitReferral(send)).referral


async def _list(target: Target, side: referral_pb2.Side.ValueType) -> list[referral_pb2.Referral]:
    async with target.channel() as channel:
        request = referral_requests_pb2.ListReferralsRequest(
            parent=f"regions/{target.region}", side=side, page_size=100
        )
        return list((await ReferralServiceStub(channel).ListReferrals(request)).referrals)


async def _show(
    target: Target, name: str
) -> tuple[referral_requests_pb2.GetReferralResponse, referral_requests_pb2.ProvePathResponse]:
    async with target.channel() as channel:
        stub = ReferralServiceStub(channel)
        found = await stub.GetReferral(referral_requests_pb2.GetReferralRequest(name=name))
        return found, await stub.ProvePath(referral_requests_pb2.ProvePathRequest(name=name))
