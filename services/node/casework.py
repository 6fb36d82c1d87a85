"""Derives the settings of referral and notify from those of their node, as `parts` does for directory and search."""

from services.node.parts import AsGiven, NodeParts
from services.node.servers.ports import LOOPBACK
from services.node.settings import Mail
from services.notify.settings import BrokerSettings as NotifyBroker
from services.notify.settings import NotifySettings, SmtpSettings
from services.referral.settings import BrokerSettings as ReferralBroker
from services.referral.settings import ReferralSettings
from services.referral.settings import SearchSettings as Counters


class _Referral(AsGiven, ReferralSettings):
    """The referral service's."""


class _Notify(AsGiven, NotifySettings):
    """The notify service's."""


def referral_settings(parts: NodeParts, search_address: str | None) -> ReferralSettings:
    """Set cases and referrals up; `search_address` is where counters are asked for, if anywhere."""
    layout, settings = parts.layout, parts.settings
    hub = None
    if parts.hub_url:
        inbox = f"_INBOX_{settings.region}"
        hub = ReferralBroker(url=parts.hub_url, nkey_seed_file=layout.hub_nkey, inbox_prefix=inbox)
    own = ReferralBroker(
        url=parts.broker_url, nkey_seed_file=layout.broker_nkey("referral"), inbox_prefix="_INBOX_referral"
    )
    search = Counters(address=search_address, token_file=layout.cli_token("service")) if search_address else None
    return _Referral(
        region=settings.region,
        server=parts.server(settings.ports.referral),
        referral_database_url=settings.referral_database_url or layout.database_url("referral"),
        members_file=layout.members,
        root_public_key=layout.root_public.read_bytes().hex(),
        signing_key_file=layout.signing_key,
        sealing_key_file=layout.sealing_key,
        epoch=settings.epoch,
        hub=hub,
        own_broker=own,
        search=search,
        ops_address=f"{LOOPBACK}:{settings.ports.referral_ops}",
        page_token_secret_file=layout.page_token_secret,
        log_level=settings.log_level,
    )


def notify_settings(parts: NodeParts) -> NotifySettings:
    """Set the notifications up."""
    layout, settings = parts.layout, parts.settings
    return _Notify(
        region=settings.region,
        server=parts.server(settings.ports.notify),
        notify_database_url=settings.notify_database_url or layout.database_url("notify"),
        members_file=layout.members,
        root_public_key=layout.root_public.read_bytes().hex(),
        own_broker=NotifyBroker(url=parts.broker_url, nkey_seed_file=layout.broker_nkey("notify")),
        ops_address=f"{LOOPBACK}:{settings.ports.notify_ops}",
        smtp=_smtp(parts, settings.mail) if settings.mail else None,
        link_template=settings.mail.link_template if settings.mail else "",
        page_token_secret_file=layout.page_token_secret,
        log_level=settings.log_level,
    )


def _smtp(parts: NodeParts, mail: Mail) -> SmtpSettings:
    password = parts.layout.smtp_password
    return SmtpSettings(
        host=mail.host,
        port=mail.port,
        security=mail.security,
        sender=mail.sender,
        sender_name=parts.settings.display_name[:80],
        username=mail.username,
        password=password.read_bytes().strip() if mail.username else None,
    )
