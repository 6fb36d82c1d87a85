"""Owns how the directory service is set up; each field has a default that suits one machine where that is possible."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.common.rpc.server import ServerSettings
from services.common.settings import LotseSettings


class TargetSettings(BaseModel):
    """One NATS server to publish to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    """nats:// or tls:// address."""
    nkey_seed_file: Path | None = None
    """Who we are there; absent only on a server without users."""
    inbox_prefix: str = "_INBOX"
    """Where answers come; "_INBOX_<region>" for a region at the hub."""


class DirectorySettings(LotseSettings):
    """Settings of `python -m services.directory`."""

    region: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    """Id of the region whose records these are."""
    server: ServerSettings
    """Where and how the service listens, and its tokens file."""
    directory_database_url: str
    """Database of its own: sqlite+aiosqlite:///path or postgresql+psycopg://…"""
    ops_address: str | None = None
    """host:port of /metrics, /livez and /readyz. Absent: not served, as where one process hosts several services."""
    signing_key_file: Path | None = None
    """Private key with which the region signs its records, mode 0600. Needed for `hub` and `own_broker`."""
    epoch: int = Field(1, ge=1, lt=2**22)
    """Rises by one only when this node was restored from a backup (federation.md)."""
    hub: TargetSettings | None = None
    """The federation's hub. Absent: records wait in the outbox."""
    own_broker: TargetSettings | None = None
    """This node's own server. Absent: records wait in the outbox."""
    page_token_secret_file: Path | None = None
    """32 bytes or more that sign page tokens; replicas share it. Absent: a random one, tokens end with the process."""
    page_token_hours: float = Field(24.0, gt=0, le=24 * 7)
    """How long a page token can be used."""
    answer_days: int = Field(2, ge=1)
    """How long answers to repeated requests are kept; the contract promises at least 24 hours."""
    housekeeping_seconds: float = Field(3600.0, gt=0)
    """How often expired deletions and old answers are removed."""
    log_level: str = "INFO"
    """Least level of what is logged."""
