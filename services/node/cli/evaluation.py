"""`lotse eval`: how well offers are found, on the project's own set or on any other, on a real engine."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from services.common.clock import today_in_saxony, utc_now
from services.node.cli.target import CliError

if TYPE_CHECKING:
    from services.search.thesaurus import Thesaurus
    from services.search.understanding import Understander

_OffersOption = Annotated[Path | None, typer.Option("--offers", help="Offers, one JSON object a line.")]
_QueriesOption = Annotated[Path | None, typer.Option("--queries", help="Questions, one JSON object a line.")]
_RunOption = Annotated[Path | None, typer.Option("--run", help="Where the rankings are written, a line a question.")]
_SET = "first"
_HALF = "test"


def evaluate(
    offers: _OffersOption = None,
    queries: _QueriesOption = None,
    run: _RunOption = None,
    no_encoder: Annotated[bool, typer.Option("--no-encoder", help="Without sentence vectors.")] = False,
    own: Annotated[str, typer.Option("--set", help="Which of the own sets: first or second.")] = _SET,
    half: Annotated[str, typer.Option(help="Of the own set: development, test or both.")] = _HALF,
    plots: Annotated[Path | None, typer.Option(help="Folder for one plot a language.")] = None,
    misses: Annotated[bool, typer.Option("--misses", help="Name the questions that went wrong.")] = False,
    engine: Annotated[str, typer.Option(help="Address of an OpenSearch; empty starts one.")] = "",
) -> None:
    """Measure how well offers are found. Without files: the project's own set, with baseline and switch-offs."""
    from services.search.evaluation.own import SETS
    from services.search.evaluation.records import SetError

    if (offers is None) != (queries is None):
        raise CliError("--offers and --queries belong together")
    if run is not None and offers is None:
        raise CliError("--run needs --offers and --queries")
    if half not in {"development", "test", "both"}:
        raise CliError("--half is development, test or both")
    if own not in SETS:
        raise CliError(f"--set is {' or '.join(SETS)}")
    try:
        if offers is not None and queries is not None:
            lines = asyncio.run(_other_set(offers, queries, engine, encoder=not no_encoder))
            _write(lines, run)
        else:
            asyncio.run(_own_set(own, half, engine, plots, encoder=not no_encoder, tell_misses=misses))
    except SetError as error:
        raise CliError(str(error)) from None


def miss(
    query: Annotated[str, typer.Argument(help="The question that was not answered well.")],
    intent: Annotated[list[str], typer.Option("--intent", help="What it is about; several may be given.")],
    language: Annotated[str, typer.Option("--language", help="BCP 47.")],
    slices: Annotated[list[str] | None, typer.Option("--slice", help="typo, place, employer …")] = None,
    file: Annotated[Path | None, typer.Option(help="Another set than the own one.")] = None,
) -> None:
    """Turn a miss into a line of the own set; it joins the development half, for its answer is now known."""
    from services.search.evaluation.own import OWN_OFFERS, OWN_QUERIES, add_query
    from services.search.evaluation.records import SetError, read_offers

    known = sorted({name for offer in read_offers(OWN_OFFERS) for name in offer.intents})
    unknown = [name for name in intent if name not in known]
    if unknown:
        raise CliError(f"no offer of the set has the intent {', '.join(unknown)}; known are {', '.join(known)}")
    try:
        added = add_query(file or OWN_QUERIES, query, language, tuple(intent), tuple(slices or ()))
    except SetError as error:
        raise CliError(str(error)) from None
    typer.echo(f"{added.id}: {added.query}")


async def _other_set(offers_file: Path, queries_file: Path, engine: str, *, encoder: bool) -> list[str]:
    """Give a line for each question."""
    from services.search.evaluation.evaluation_index import running_evaluation_index
    from services.search.evaluation.records import read_offers, read_queries
    from services.search.evaluation.running import answers

    offers, queries = read_offers(offers_file), read_queries(queries_file)
    understander, thesaurus = _understanding(encoder=encoder)
    today = today_in_saxony(utc_now())
    async with (
        _engine(engine) as url,
        running_evaluation_index(url, offers, understander, thesaurus, today) as index,
    ):
        found = await answers(index, queries)
    rows = [
        {"query_id": query.id, "ranking": found[query.id].ranking, "abstained": found[query.id].abstained}
        for query in queries
    ]
    return [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]


def _write(lines: list[str], run: Path | None) -> None:
    """Write the rankings, else show them."""
    if run is None:
        typer.echo("".join(lines), nl=False)
    else:
        run.write_text("".join(lines), "utf-8")
        typer.echo(f"{len(lines)} questions answered, written to {run.name}")


async def _own_set(name: str, half: str, engine: str, plots: Path | None, *, encoder: bool, tell_misses: bool) -> None:
    from services.search.evaluation.own import measured

    systems = [_understanding(encoder=encoder)]
    if systems[0][0].has_encoder:
        systems.append(_understanding(encoder=False))
    async with _engine(engine) as url:
        results, wrong = await measured(url, systems, name, half, today_in_saxony(utc_now()))
    for result in results:
        for line in result.lines():
            typer.echo(json.dumps(line, ensure_ascii=False))
    if tell_misses:
        for query, answer in wrong:
            concepts = [concept.id for concept in answer.understanding.concepts]
            typer.echo(
                json.dumps(
                    {"miss": query.id, "query": query.query, "intents": query.intents, "understood": concepts},
                    ensure_ascii=False,
                )
            )
    if plots is not None:
        from services.search.evaluation.plots import draw

        typer.echo(f"{draw(results, plots)} plots in {plots.name}")


def _understanding(*, encoder: bool) -> tuple["Understander", "Thesaurus"]:
    """Give what answers, with the encoder where it is wanted and installed."""
    from services.search.thesaurus import load_thesaurus
    from services.search.understanding import build_understander
    from services.search.understanding.classifier import concept_classifier
    from services.search.understanding.encoder import EncoderMissing

    thesaurus = load_thesaurus()
    classifier = None
    if encoder:
        try:
            classifier = concept_classifier()
        except EncoderMissing as error:
            typer.echo(f"without the encoder: {error}", err=True)
    return build_understander(thesaurus, classifier), thesaurus


@asynccontextmanager
async def _engine(address: str) -> AsyncIterator[str]:
    """Give the engine at the address, or one of our own that ends with the block."""
    if address:
        yield address
        return
    from services.node.install.home import opensearch_home
    from services.node.install.opensearch_lock import LOCK_FILE, read_lock
    from services.node.servers.opensearch import running_opensearch

    with TemporaryDirectory(prefix="lotse-eval-") as base:
        home = opensearch_home(read_lock(LOCK_FILE))
        async with running_opensearch(home, Path(base), quick=True) as server:
            yield server.url
