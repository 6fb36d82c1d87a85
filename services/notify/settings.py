"""Owns how the notify service is set up; each field has a default that suits one machine where that is possible."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretBytes, StringConstraints, field_validator, model_validator

from services.common.rpc.address import ListenAddress
from services.common.rpc.server import ServerSettings
from services.common.settings import LotseSettings
from services.notify.domain.addresses import takes_mail


class BrokerSettings(BaseModel):
    """This node's own NATS server, to read NODE from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    """nats:// or tls:// address."""
    nkey_seed_file: Path | None = None
    """Who we are there; absent only on a server without users."""
    inbox_prefix: str = "_INBOX_notify"
    """Where answers come; the node's broker lets us listen there only."""
    durable: str = "notify"
    """The durable that was made for us, with the filter node.referral.>."""


class SmtpSettings(BaseModel):
    """The mail server that takes this node's mails."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:-]{1,255}$")]
    """Name (checked against its certificate) or address."""
    port: int = Field(587, ge=1, le=65535)
    """587 for STARTTLS, 465 for TLS from the first byte."""
    security: Literal["starttls", "tls", "plain"] = "starttls"
    """`plain` is for development and accepted on loopback only; there is no falling back from one to another."""
    ca_file: Path | None = None
    """Who signs its certificate (PEM). Absent: the system's authorities."""
    username: str | None = None
    """Absent: no login."""
    password: SecretBytes | None = None
    """Comes from a file: LOTSE_SMTP__PASSWORD_FILE."""
    sender: str
    """Address in From, e.g. "lotse@dresden.example"; its domain stands in Message-ID and EHLO."""
    sender_name: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,80}$")] = "Lotse"
    """Name in From."""
    envelope_sender: str = ""
    """Where bounces go. Empty: nowhere (the null reverse-path), so that no mail of ours ever causes another; the
    delivery log shows what the server refused. Some submission servers want an address here."""
    timeout_seconds: float = Field(30.0, gt=0)
    """How long connecting and each answer before the text may take."""
    data_timeout_seconds: float = Field(300.0, gt=0)
    """How long the answer to the text may take; longer makes the delivery UNKNOWN, so be patient (RFC 5321, 4.5.3.2.6
    asks for ten minutes)."""

    @field_validator("sender", "envelope_sender")
    @classmethod
    def _is_address(cls, text: str) -> str:
        if text and not takes_mail(text):
            raise ValueError("must be a mail address")
        return text

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if not self.sender:
            raise ValueError("sender: is required")
        if self.security == "plain" and not ListenAddress(self.host, self.port).is_loopback:
            raise ValueError("security: without TLS only a mail server on loopback is allowed")
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password: set both or neither")
        if self.security == "plain" and self.username is not None:
            raise ValueError("username: no login without TLS")
        return self


class NotifySettings(LotseSettings):
    """Settings of `python -m services.notify`."""

    region: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    """Id of the region whose staff is told."""
    server: ServerSettings
    """Where and how the service listens, and its tokens file."""
    notify_database_url: str
    """Database of its own: sqlite+aiosqlite:///path or postgresql+psycopg://…"""
    members_file: Path
    """The federation's signed member list: it holds the key with which this node's own messages are checked."""
    root_public_key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Public half of the federation's root key, 32 bytes as hex."""
    own_broker: BrokerSettings | None = None
    """This node's server. Absent: nothing is heard."""
    ops_address: str | None = None
    """host:port of /metrics, /livez and /readyz. Absent: not served, as where one process hosts several services."""
    smtp: SmtpSettings | None = None
    """Absent: no mail is sent, and nobody can be given the channel."""
    link_template: str = ""
    """Where a referral is seen, e.g. "https://lotse.dresden.example/referrals/{referral}". Empty: no link."""
    retry_seconds: tuple[float, ...] = Field((60.0, 300.0, 900.0, 3600.0), min_length=1)
    """How long to wait after the first, second … try of a mail; the last figure repeats."""
    give_up_hours: float = Field(48.0, gt=0)
    """A mail that could not be handed over for so long has failed."""
    look_seconds: float = Field(1.0, gt=0, le=60)
    """How soon due mails and notifications that another replica made are noticed; own ones wake at once."""
    default_recipient: Annotated[str, StringConstraints(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?$")] = "staff"
    """Recipient (inbox, everything) made at the first start, so that nobody is told nothing. Empty: none."""
    default_recipient_name: Annotated[str, StringConstraints(min_length=1, max_length=120)] = "Beratung"
    """Its name for people."""
    page_token_secret_file: Path | None = None
    """32 bytes or more that sign page tokens; replicas share it. Absent: a random one, tokens end with the process."""
    page_token_hours: float = Field(24.0, gt=0, le=24 * 7)
    """How long a page token can be used."""
    answer_days: int = Field(2, ge=1)
    """How long answers to repeated requests are kept; the contract promises at least 24 hours."""
    keep_days: int = Field(400, ge=30)
    """How long notifications and the delivery log are kept; longer than the broker keeps messages (7 days), because
    what was forgotten could be told again."""
    housekeeping_seconds: float = Field(3600.0, gt=0)
    """How often what has expired is removed."""
    log_level: str = "INFO"
    """Least level of what is logged."""

    @field_validator("link_template")
    @classmethod
    def _is_link(cls, text: str) -> str:
        bare = text.replace("{referral}", "", 1)
        plain = bare.isascii() and bare.isprintable() and not set(bare) & set(' {}<>"')
        if text and not (bare != text and plain and bare.startswith(("https://", "http://")) and len(bare) <= 400):
            raise ValueError('must be an http(s) address with one "{referral}" in it')
        return text

    @field_validator("retry_seconds")
    @classmethod
    def _is_positive(cls, seconds: tuple[float, ...]) -> tuple[float, ...]:
        if min(seconds) <= 0:
            raise ValueError("each must be above zero")
        return seconds
