"""docs/operations.md and the code name the same settings, metrics, log events and commands."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from typer.main import get_command

from services.common.rpc.callers import Role
from services.common.settings import SET_UP_VARIABLES
from services.directory.settings import DirectorySettings
from services.node.cli.main import app
from services.node.settings import NodeSettings
from services.notify.settings import NotifySettings
from services.referral.settings import ReferralSettings
from services.search.settings import SearchSettings

ROOT = Path(__file__).resolve().parents[3]
MANUAL = (ROOT / "docs" / "operations.md").read_text()
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "say"}
"""`say` is the name under which messaging.inspection picks a level."""
METRICS = {"Counter": "_total", "Gauge": "", "Histogram": "", "Summary": ""}
COMMAND_LINE = {"LOTSE_NODE", "LOTSE_ADDRESS", "LOTSE_TOKEN_FILE"}
SETTINGS: dict[str, type[BaseModel]] = {
    "directory": DirectorySettings,
    "search": SearchSettings,
    "referral": ReferralSettings,
    "notify": NotifySettings,
}


def section(title: str) -> str:
    """Give the text below a heading."""
    return MANUAL.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> set[str]:
    """Give what stands in backquotes in the first column of the tables."""
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def flat(model: type[BaseModel], prefix: str, between: str) -> Iterator[str]:
    """Name the fields of a model and of those inside it."""
    for name, field in model.model_fields.items():
        inner = [each for each in (field.annotation, *get_args(field.annotation)) if isinstance(each, type)]
        nested = next((each for each in inner if issubclass(each, BaseModel)), None)
        if nested is None:
            yield prefix + name
        else:
            yield from flat(nested, f"{prefix}{name}{between}", between)


def calls() -> Iterator[tuple[str, str]]:
    """Give each call in the services whose first argument is a plain text: the name called, and the text."""
    for path in sorted((ROOT / "services").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called: Any = node.func
                yield getattr(called, "attr", getattr(called, "id", "")), str(node.args[0].value)


def test_every_setting_of_a_node_is_described_and_no_other() -> None:
    assert first_cells(section("Settings: node.toml")) == set(flat(NodeSettings, "", "."))


@pytest.mark.parametrize("service", list(SETTINGS))
def test_every_variable_of_a_service_is_described_and_no_other(service: str) -> None:
    variables = {
        name: {f"LOTSE_{field.upper()}" for field in flat(model, "", "__")} for name, model in SETTINGS.items()
    }
    shared = set.intersection(*variables.values())
    text = section("Settings of one service alone")
    own = text.partition(f"| {service} only |")[2].partition("\n\n")[0]
    assert first_cells(text.partition("| every service |")[2].partition("\n\n")[0]) == shared
    assert first_cells(own) == variables[service] - shared


def test_every_variable_of_set_up_and_command_line_is_described() -> None:
    assert first_cells(section("Set-up and command line")) == SET_UP_VARIABLES | COMMAND_LINE


def test_every_log_event_is_described_and_no_other() -> None:
    logged = {text for name, text in calls() if name in LEVELS and re.fullmatch(r"[a-z_]+\.[a-z_]+", text)}
    assert len(logged) > 40
    assert first_cells(section("Log events")) == logged


def test_every_metric_is_described_and_no_other() -> None:
    counted = {text + METRICS[name] for name, text in calls() if name in METRICS and text.startswith("lotse_")}
    assert first_cells(section("Metrics")) == counted


def test_every_role_is_described() -> None:
    assert first_cells(section("Tokens and roles")) == {role.value for role in Role}


@pytest.mark.parametrize("manual", ["README.md", "docs/operations.md"])
def test_every_command_in_the_manuals_exists(manual: str) -> None:
    known: Any = get_command(app)
    groups: dict[str, Any] = {name: getattr(command, "commands", None) for name, command in known.commands.items()}
    text = (ROOT / manual).read_text()
    named = re.findall(r"(?:^|`|bin/)lotse ([a-z]+)(?: ([a-z]+))?", text, re.MULTILINE)
    assert named
    unknown = [
        (command, sub)
        for command, sub in named
        if command not in groups or (groups[command] is not None and sub and sub not in groups[command])
    ]
    assert unknown == []
