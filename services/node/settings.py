"""Settings of one node: what it is called, what it runs, where its parts answer.

They stand in node.toml in the node's folder. Ports are kept
in the file, so that a node that starts again is found where it was; 0 takes a free one at each start.
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.common.names import RESERVED_IDS, RegionId
from services.common.settings import StartupError
from services.node.layout import NodeLayout

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ServiceName = Literal["directory", "search", "referral", "notify", "federation"]


class Ports(BaseModel):
    """Loopback ports; 0 takes a free one at each start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    directory: int = Field(0, ge=0, le=65535)
    """gRPC of the directory."""
    search: int = Field(0, ge=0, le=65535)
    """gRPC of the search."""
    referral: int = Field(0, ge=0, le=65535)
    """gRPC of cases and referrals."""
    referral_ops: int = Field(0, ge=0, le=65535)
    """HTTP: metrics and health of cases and referrals."""
    notify: int = Field(0, ge=0, le=65535)
    """gRPC of the notifications."""
    notify_ops: int = Field(0, ge=0, le=65535)
    """HTTP: metrics and health of the notifications."""
    federation: int = Field(0, ge=0, le=65535)
    """gRPC of the federation service."""
    directory_ops: int = Field(0, ge=0, le=65535)
    """HTTP: metrics and health of the directory."""
    search_ops: int = Field(0, ge=0, le=65535)
    """HTTP: metrics and health of the search."""
    broker: int = Field(0, ge=0, le=65535)
    """The node's own NATS."""
    hub: int = Field(0, ge=0, le=65535)
    """The hub's NATS, on the state node."""
    engine: int = Field(0, ge=0, le=65535)
    """OpenSearch."""


class Mail(BaseModel):
    """The mail server through which this node tells its staff; a password lies in keys/smtp-password."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(min_length=1, max_length=255)
    """Name or address."""
    port: int = Field(587, ge=1, le=65535)
    """587 for STARTTLS, 465 for TLS from the first byte."""
    security: Literal["starttls", "tls", "plain"] = "starttls"
    """`plain` is accepted on loopback only."""
    sender: str = Field(min_length=3, max_length=254)
    """Address in From."""
    username: str | None = None
    """Absent: no login."""
    link_template: str = ""
    """Where staff sees a referral, with "{referral}" in it. Empty: no link in mails."""


class NodeSettings(BaseModel):
    """One node. Unknown names are refused, so that a slip of the pen does not go unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    region: RegionId = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    """Id of the region, e.g. "dresden"; it stands in every name that the node gives."""
    display_name: str = Field(min_length=1, max_length=120)
    """Name for people."""
    state_node: bool = False
    """True for the node beside which the hub stands."""
    services: tuple[ServiceName, ...] = ("directory", "federation")
    """What it hosts; `search` needs an engine."""
    hub_url: str | None = Field(None, pattern="^(nats|tls)://")
    """nats:// address of the hub. Absent on the state node, which starts it; elsewhere absent means: works alone."""
    engine_url: str | None = Field(None, pattern="^https?://")
    """http:// address of an OpenSearch that runs elsewhere. Absent: the node starts its own."""
    engine_heap: str = Field("512m", pattern=r"^[0-9]+[mg]$")
    """Memory of its own OpenSearch's heap."""
    engine_quick: bool = False
    """True: its own OpenSearch starts with half the CPU time and then runs slower; for demos and tests."""
    directory_database_url: str | None = None
    """Database of the directory. Absent: an SQLite file in the node's folder."""
    search_database_url: str | None = None
    """Database of the search. Absent: an SQLite file in the node's folder."""
    referral_database_url: str | None = None
    """Database of cases and referrals. Absent: an SQLite file in the node's folder."""
    notify_database_url: str | None = None
    """Database of the notifications. Absent: an SQLite file in the node's folder."""
    search_address: str | None = None
    """host:port of a search elsewhere that is asked for counters. Absent: the node's own, if it hosts one."""
    epoch: int = Field(1, ge=1)
    """Rises only when the node was restored from a backup."""
    reflection: bool = True
    """True: `buf curl` may list services and types."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """How much is logged."""
    refresh_milliseconds: int = Field(500, ge=50, le=60_000)
    """How often the engine makes new offers findable."""
    mail: Mail | None = None
    """Absent: staff is told in the inbox only."""
    ports: Ports = Ports()
    """Where its parts answer."""


def load_node_settings(layout: NodeLayout) -> NodeSettings:
    """Read node.toml; raises StartupError naming everything that is wrong in it."""
    try:
        values = tomllib.loads(layout.config.read_text("utf-8"))
    except OSError as error:
        raise StartupError(f"{layout.config}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartupError(f"{layout.config}: not TOML: {error}") from error
    return check_settings(values, f"{layout.config}: ")


def check_settings(values: Mapping[str, object], where: str = "") -> NodeSettings:
    """Make settings of plain values; raises StartupError with a line for each wrong one, `where` before it."""
    try:
        settings = NodeSettings.model_validate(values)
    except ValidationError as error:
        problems = [f"{where}{'.'.join(map(str, each['loc']))}: {_said(each)}" for each in error.errors()]
        raise StartupError(*problems) from error
    if settings.region in RESERVED_IDS:
        raise StartupError(f"{where}region: {settings.region} is reserved")
    return settings


def _said(problem: "ErrorDetails") -> str:
    """Say it for whoever writes the file: pydantic speaks of patterns and inputs."""
    if problem["loc"] == ("region",) and problem["type"] == "string_pattern_mismatch":
        return "must be lower-case letters, digits and inner hyphens, at most 63"
    if problem["type"] == "string_pattern_mismatch":
        return f"must look like {problem['ctx']['pattern']}"
    return {"missing": "must be set", "extra_forbidden": "is no setting"}.get(problem["type"], problem["msg"])


def node_toml(settings: NodeSettings) -> str:
    """Write settings as TOML; absent values are left out."""
    lines: list[str] = [f"# Node {settings.region}; each setting is described in docs/operations.md."]
    tables: list[str] = []
    for name, value in settings.model_dump(mode="json", exclude_none=True).items():
        if isinstance(value, dict):
            tables += ["", f"[{name}]", *(f"{key} = {_toml(inner)}" for key, inner in value.items())]
        else:
            lines.append(f"{name} = {_toml(value)}")
    return "\n".join([*lines, *tables]) + "\n"


def write_node_settings(layout: NodeLayout, settings: NodeSettings) -> Path:
    """Write node.toml."""
    layout.config.write_text(node_toml(settings))
    return layout.config


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(_toml(each) for each in value)}]"
    # A JSON string is a TOML basic string, but for one sign that JSON lets stand.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
