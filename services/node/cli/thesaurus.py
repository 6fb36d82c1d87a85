"""`lotse thesaurus`: checks, shows and exports the topics of advice; needs no node."""

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.node.cli.target import CliError

if TYPE_CHECKING:
    # The search's packages take half a second to load, which no other command should pay.
    from services.search.thesaurus import Concept, Thesaurus

app = typer.Typer(help="The topics of advice and what people call them: check, look at, export.", no_args_is_help=True)

FolderOption = Annotated[
    Path | None,
    typer.Option(help="Folder with the *.yaml files; without it those that Lotse uses.", exists=True, file_okay=False),
]


@app.command("check")
def check(folder: FolderOption = None) -> None:
    """Say what is wrong with the files, one sentence each. Exit code 1 when anything is."""
    from services.search.thesaurus import validate

    thesaurus = _load(folder)
    findings = validate(thesaurus)
    for finding in findings:
        typer.echo(finding)
    if findings:
        typer.echo(f"{len(findings)} findings", err=True)
        raise typer.Exit(1)
    languages = {language for concept in thesaurus.values() for language in concept.labels}
    labels = sum(len(labels) for concept in thesaurus.values() for labels in concept.labels.values())
    typer.echo(f"{len(thesaurus)} concepts, {len(languages)} languages, {labels} labels: nothing wrong")


@app.command("export")
def export(
    output: Annotated[Path | None, typer.Option(help="File to write; without it standard output.")] = None,
    base: Annotated[
        str | None, typer.Option(help="Address the scheme is published at, with / or # at its end.")
    ] = None,
    folder: FolderOption = None,
) -> None:
    """Write the thesaurus as SKOS in Turtle. Exit code 1, and nothing written, when the check finds anything."""
    from services.search.thesaurus import validate
    from services.search.thesaurus.turtle import DEFAULT_BASE, BaseRefused, thesaurus_turtle

    thesaurus = _load(folder)
    findings = validate(thesaurus)
    if findings:
        typer.echo(f"not exported: {len(findings)} findings, see `lotse thesaurus check`", err=True)
        raise typer.Exit(1)
    try:
        turtle = thesaurus_turtle(thesaurus, base or DEFAULT_BASE)
    except BaseRefused as error:
        raise CliError(str(error)) from error
    if output is None:
        typer.echo(turtle, nl=False)
    else:
        output.write_text(turtle, "utf-8")
        typer.echo(f"wrote {output}: {len(thesaurus)} concepts")


@app.command("report")
def report(
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
    folder: FolderOption = None,
) -> None:
    """Show thin spots: languages with few words, concepts with few labels, labels that are easily confused."""
    from services.search.thesaurus import report as reports

    spots = reports.thin_spots(_load(folder))
    typer.echo(reports.as_json(spots) if as_json else reports.as_text(spots))


@app.command("show")
def show(
    concept: Annotated[str, typer.Argument(metavar="CONCEPT", help="Id of a concept, e.g. work-visa.")],
    folder: FolderOption = None,
) -> None:
    """Show one concept with its definition, its neighbours and all its labels."""
    thesaurus = _load(folder)
    if concept not in thesaurus:
        near = get_close_matches(concept, thesaurus, n=3)
        raise CliError(f"no concept {concept!r}" + (f", did you mean {', '.join(near)}?" if near else ""))
    found = thesaurus[concept]
    for line in (*_about(found, thesaurus), *_labels(found)):
        typer.echo(line)


def _about(concept: "Concept", thesaurus: "Thesaurus") -> list[str]:
    narrower = [other.id for other in thesaurus.values() if concept.id in other.broader]
    pointing = [other.id for other in thesaurus.values() if concept.id in other.related]
    lines = [concept.id, concept.definition]
    if concept.audience:
        lines.append(f"audience  {concept.audience}")
    beside = dict.fromkeys((*concept.related, *pointing))
    for name, ids in (("broader", concept.broader), ("narrower", narrower), ("related", tuple(beside))):
        if ids:
            lines.append(f"{name:10}{', '.join(ids)}")
    return lines


def _labels(concept: "Concept") -> list[str]:
    lines = [""]
    for language, labels in concept.labels.items():
        lines.append(f"{language:4}{' · '.join(labels)}")
        hidden = concept.hidden.get(language)
        if hidden:
            lines.append(f"{'':4}hidden: {' · '.join(hidden)}")
    return lines


def _load(folder: Path | None) -> "Thesaurus":
    from services.search.thesaurus import ThesaurusError, load_thesaurus

    try:
        thesaurus = load_thesaurus(folder) if folder else load_thesaurus()
    except ThesaurusError as error:
        raise CliError(str(error)) from error
    if not thesaurus:
        raise CliError(f"no concept in {folder}: are there *.yaml files?")
    return thesaurus
