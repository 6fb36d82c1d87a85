"""The `lotse` command line: parses, runs one sub-command, and turns its failures into words and exit codes.

Exit codes: 0 done; 1 the service refused, a step of the demo failed, or a check found something; 2 the command line
or the node is not right.
"""

import sys
from collections.abc import Callable

import structlog
import typer
from rich.console import Console
from rich.markup import escape

from services.common.crypto.key_files import KeyFileError
from services.common.errors import LotseError
from services.common.log import configure_logging
from services.common.messaging.members import MembersRefused
from services.common.rpc.client import RpcError
from services.common.settings import StartupError
from services.node.cli import (
    cases,
    demo,
    doctor,
    evaluation,
    hub,
    node,
    notifications,
    offers,
    operate,
    referrals,
    scores,
    search,
    thesaurus,
    token,
)
from services.node.cli.target import CliError
from services.node.importing import explain
from services.node.seed import SeedError
from services.node.servers.errors import ServerStartError

app = typer.Typer(
    name="lotse",
    help="The federated partner directory of Saxony's welcome centres.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(node.app, name="node")
app.add_typer(hub.app, name="hub")
app.add_typer(offers.app, name="offers")
app.add_typer(cases.app, name="cases")
app.add_typer(referrals.app, name="referrals")
app.add_typer(notifications.app, name="notifications")
app.add_typer(token.app, name="token")
app.add_typer(thesaurus.app, name="thesaurus")
app.command("demo")(demo.demo)
app.command("search")(search.search)
app.command("explain")(scores.explain)
app.command("doctor")(doctor.doctor)
app.command("reindex")(operate.reindex)
app.command("eval")(evaluation.evaluate)
app.command("miss")(evaluation.miss)


TOLD = (
    CliError,
    KeyFileError,
    LotseError,
    MembersRefused,
    OSError,
    SeedError,
    ServerStartError,
    StartupError,
)
"""Failures whose text is written for whoever typed the command; anything else is a defect and keeps its traceback."""


def main() -> None:
    """Run the command line; the entry point of the package."""
    configure_logging("ERROR", human=True)
    sys.exit(run(app))


def run(command: Callable[[], object]) -> int:
    """Run a command and give its exit code, having said in words what went wrong."""
    errors = Console(stderr=True, soft_wrap=True)
    try:
        command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except KeyboardInterrupt:
        return 130
    except RpcError as error:
        errors.print(f"[red]refused:[/red] {escape(explain(error))}", highlight=False)
        return 1
    except TOLD as error:
        errors.print(f"[red]error:[/red] {escape(str(error) or type(error).__name__)}", highlight=False)
        return 2
    finally:
        structlog.contextvars.clear_contextvars()
    return 0
