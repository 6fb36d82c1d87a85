"""`lotse cases`: take a case in, in plain words, and record what the person agreed to."""

import asyncio
from typing import Annotated

import typer

from lotse.directory.v1 import partner_pb2
from lotse.referral.v1 import case_pb2, case_requests_pb2
from lotse.referral.v1.referral_service_pb2_grpc import ReferralServiceStub
from services.node.cli.target import CliError, NodeOption, Target, find_target

app = typer.Typer(help="Take cases in.", no_args_is_help=True)

CONSENT_TEXT = "2026-11"
"""Version of the consent text that the command line reads out (docs/consent.md)."""


@app.command("new")
def new(  # noqa: PLR0917 - each one is an option of the command line
    text: Annotated[str, typer.Argument(help="What is the matter, in plain words, without a name.")],
    node: NodeOption = None,
    language: Annotated[str, typer.Option("--language", help="Language that the person speaks best.")] = "de",
    district: Annotated[str, typer.Option(help="Where the person lives: district code, five digits.")] = "",
    topic: Annotated[list[str] | None, typer.Option(help="What is needed, if known: a concept id.")] = None,
    fact: Annotated[list[str] | None, typer.Option(help="What is known, e.g. recognition=started.")] = None,
    company: Annotated[bool, typer.Option("--company", help="It is about a company.")] = False,
    name: Annotated[str, typer.Option(help="Name of the person, only with --consent.")] = "",
    email: Annotated[str, typer.Option(help="Mail address of the person.")] = "",
    phone: Annotated[str, typer.Option(help="Telephone of the person, E.164.")] = "",
    consent: Annotated[
        bool, typer.Option("--consent", help="The person agreed to be referred, just now, here.")
    ] = False,
) -> None:
    """Take a case in and print its name. No name is needed; one is only sent on after the other side has accepted."""
    case = case_pb2.Case(
        intake_text=text,
        language_code=language,
        district_code=district,
        topics=topic or [],
        audience=partner_pb2.AUDIENCE_COMPANY if company else partner_pb2.AUDIENCE_PERSON,
        facts=[_fact(each) for each in fact or []],
    )
    if name:
        case.person.CopyFrom(case_pb2.Person(name=name, email=email, phone=phone))
    typer.echo(asyncio.run(_create(find_target("referral", "counsellor", node), case, consent=consent)).name)


def _fact(text: str) -> case_pb2.Fact:
    kind, found, value = text.partition("=")
    if not found:
        message = f"--fact {text}: write it as kind=value, e.g. recognition=started"
        raise CliError(message)
    return case_pb2.Fact(kind=kind, value=value)


async def _create(target: Target, case: case_pb2.Case, *, consent: bool) -> case_pb2.Case:
    async with target.channel() as channel:
        stub = ReferralServiceStub(channel)
        request = case_requests_pb2.CreateCaseRequest(parent=f"regions/{target.region}", case=case)
        created = (await stub.CreateCase(request)).case
        if consent:
            agreed = case_pb2.Consent(
                text_version=CONSENT_TEXT,
                language_code=case.language_code,
                purpose="referral",
                channel=case_pb2.CONSENT_CHANNEL_IN_PERSON,
            )
            await stub.GrantConsent(case_requests_pb2.GrantConsentRequest(name=created.name, consent=agreed))
        return created
