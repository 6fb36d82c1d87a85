"""Owns how the search service is set up; each field has a default that suits one machine."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretBytes, StringConstraints

from services.common.rpc.server import ServerSettings
from services.common.settings import LotseSettings


class BrokerSettings(BaseModel):
    """One NATS server to read from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    """nats:// or tls:// address."""
    nkey_seed_file: Path | None = None
    """Who we are there; absent only on a server without users."""
    inbox_prefix: str = "_INBOX"
    """Where answers come; "_INBOX_<region>" for a region at the hub."""
    durable: str = "search"
    """The durable that was made for us."""


class SearchSettings(LotseSettings):
    """Settings of `python -m services.search`."""

    region: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    """Id of this node's own region."""
    server: ServerSettings
    """Where and how the service listens."""
    search_database_url: str
    """Database of its own: sqlite+aiosqlite:///path or postgresql+psycopg://…"""
    members_file: Path
    """The federation's signed member list."""
    root_public_key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Public half of the federation's root key, 32 bytes as hex."""
    hub: BrokerSettings | None = None
    """The hub's server, to read CATALOG from. Absent: no foreign offers are read."""
    own_broker: BrokerSettings | None = None
    """This node's server, to read NODE from: own changes are found while the hub is away. Absent: hub only."""
    ops_address: str | None = None
    """host:port of /metrics, /livez and /readyz. Absent: not served, as where one process hosts several services."""
    opensearch_url: str = "http://127.0.0.1:9200"
    """The search engine."""
    opensearch_timeout_seconds: float = Field(10.0, gt=0)
    """How long one request to it may take; a bulk request of a full batch is the longest."""
    index_name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,60}$")] = "lotse-offers"
    """Name of the index; two nodes that share an engine need two names."""
    refresh_interval_ms: int = Field(500, ge=50, le=60_000)
    """How long a written change may stay unseen by searches; shorter costs indexing speed."""
    page_token_secret: SecretBytes | None = None
    """Signs page tokens; replicas need the same one. Absent: a random one, tokens end with the process."""
    coverage_refresh_seconds: float = Field(1.0, gt=0)
    """How old the freshness that searches report may be."""
    encoder: Literal["auto", "on", "off"] = "auto"
    """Whether sentence vectors help with unsure questions: where the optional package is installed, or never; "on" does
    not start without it. They cost 25 MB of memory and, of one core, some 50 ms a sentence: one for an unsure
    question, up to six for a story, one for each changed offer (bench/understanding.py)."""
    log_level: str = "INFO"
    """Least level of what is logged."""
