"""Owns where and how a service listens, as settings that nest in a LotseSettings."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class QuotaSettings(BaseModel):
    """How much one caller may send."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: float = Field(200.0, gt=0)
    """Calls per second, lasting."""
    burst: int = Field(400, ge=1)
    """Calls at once."""


class TlsSettings(BaseModel):
    """Where the server's certificate is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    certificate_file: Path
    """PEM: the certificate and what it hangs on."""
    key_file: Path
    """PEM: its key."""


class ServerSettings(BaseModel):
    """Where and how a service listens (nest it in a LotseSettings: LOTSE_SERVER__ADDRESS …)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = "127.0.0.1:0"
    """host:port; port 0 takes a free one. Without `tls` only a loopback address is accepted."""
    tokens_file: Path
    """API tokens, mode 0600 (services.common.rpc.auth)."""
    tls: TlsSettings | None = None
    """Absent: plaintext on loopback."""
    reflection: bool = False
    """True: callers may list services and types without a token. Never on a public edge."""
    quota: QuotaSettings = QuotaSettings(rate=200.0, burst=400)
    """Per caller."""
    max_concurrent_rpcs: int = Field(256, ge=1)
    """More at once are refused with RESOURCE_EXHAUSTED."""
    drain_seconds: float = Field(20.0, ge=0)
    """How long running calls may finish when the service ends."""
