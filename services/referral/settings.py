"""Owns how the referral service is set up; each field has a default that suits one machine where that is possible."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.common.rpc.server import ServerSettings
from services.common.settings import LotseSettings


class BrokerSettings(BaseModel):
    """One NATS server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    """nats:// or tls:// address."""
    nkey_seed_file: Path | None = None
    """Who we are there; absent only on a server without users."""
    inbox_prefix: str = "_INBOX"
    """Where answers come; "_INBOX_<region>" for a region at the hub."""


class SearchSettings(BaseModel):
    """The search service that is asked for counters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    """host:port of its gRPC server."""
    token_file: Path
    """API token of this service there: the text that `lotse token create` showed."""
    ca_file: Path | None = None
    """PEM of the authority that signed its certificate. Absent: plaintext, on loopback only."""


class ReferralSettings(LotseSettings):
    """Settings of `python -m services.referral`."""

    region: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    """Id of this node's region."""
    server: ServerSettings
    """Where and how the service listens, and its tokens file."""
    referral_database_url: str
    """Database of its own: sqlite+aiosqlite:///path or postgresql+psycopg://…"""
    members_file: Path
    """The federation's signed member list."""
    root_public_key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Public half of the federation's root key, 32 bytes as hex."""
    signing_key_file: Path
    """Ed25519 key with which the region signs entries and envelopes, mode 0600."""
    sealing_key_file: Path
    """X25519 key to which others seal for this region, mode 0600; its public half is the first in the member list."""
    former_sealing_key_file: Path | None = None
    """The key before it, kept while letters that were sealed to it may still come (30 days)."""
    epoch: int = Field(1, ge=1, lt=2**22)
    """Rises by one only when this node was restored from a backup (federation.md)."""
    hub: BrokerSettings | None = None
    """The federation's hub. Absent: letters wait in the outbox, and none come."""
    hub_durable: str = ""
    """The MAIL durable that was made for this region. Empty: named like the region."""
    own_broker: BrokerSettings | None = None
    """This node's own server. Absent: changes wait in the outbox."""
    search: SearchSettings | None = None
    """Absent: nothing is recommended, and offers' prerequisites are not known here."""
    ops_address: str | None = None
    """host:port of /metrics, /livez and /readyz. Absent: not served, as where one process hosts several services."""
    page_token_secret_file: Path | None = None
    """32 bytes or more that sign page tokens; replicas share it. Absent: a random one, tokens end with the process."""
    page_token_hours: float = Field(24.0, gt=0, le=24 * 7)
    """How long a page token can be used."""
    answer_days: int = Field(2, ge=1)
    """How long answers to repeated requests are kept; the contract promises at least 24 hours."""
    resend_seconds: float = Field(60.0, gt=0)
    """How long a letter waits for its receipt before it is sent again; each pause doubles, up to 6 h."""
    no_answer_days: float = Field(30.0, gt=0)
    """After how long without a receipt a letter is given up; the hub keeps mail for 30 days."""
    retention_days: float = Field(90.0, gt=0)
    """How long a target keeps a person's data after the referral has ended."""
    housekeeping_seconds: float = Field(5.0, gt=0)
    """How often letters that are due and data that has expired are looked for."""
    log_level: str = "INFO"
    """Least level of what is logged."""
