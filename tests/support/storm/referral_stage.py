"""Guarantees a federation of two killable regions with referral and notify services, their brokers and the hub."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from services.common.messaging.connection import NatsConnection
from services.common.messaging.subjects import MAIL, NODE
from services.common.names import RegionId
from services.common.rpc.server_settings import QuotaSettings, ServerSettings
from services.node.broker.setup import hub_init, node_init
from services.node.brokers import REFERRAL_CHANGES
from services.node.casework import notify_settings, referral_settings
from services.node.cli.target import Target
from services.node.servers.nats import running_nats
from services.node.servers.ports import LOOPBACK, free_port
from services.node.settings import Mail, NodeSettings
from services.notify.settings import NotifySettings
from services.referral.settings import ReferralSettings
from tests.support.processes import running_service
from tests.support.storm.cast import EDITING, REGIONS, STATE, Cast, NewDatabase
from tests.support.storm.part import Part, Start
from tests.support.storm.stage import Stage

REFERRING = EDITING
"""Both refer to each other; the hub stands beside a third region, which runs nothing else."""
SERVICES = ("referral", "notify")
REDELIVERY_SECONDS = 3.0
RESEND_SECONDS = 2.0


async def casework_databases(new_database: NewDatabase) -> dict[str, str]:
    """Make a PostgreSQL database for each service of each region."""
    return {f"{region}/{service}": await new_database() for region in REFERRING for service in SERVICES}


class ReferralCast(Cast):
    """Folders, keys and settings; a service without a database in `databases` lives on SQLite in its node's folder."""

    def __init__(self, base: Path, databases: Mapping[str, str], smtp_port: int) -> None:
        super().__init__(base, {})
        self.base = base
        self.settings = {
            region: _with_casework(settings, databases, smtp_port) for region, settings in self.settings.items()
        }

    def referral(self, region: RegionId) -> ReferralSettings:
        """Give a referral service's settings; lost letters come again in seconds, not a minute."""
        settings = referral_settings(self._parts(region), None)
        changes = {"resend_seconds": RESEND_SECONDS, "housekeeping_seconds": 0.5}
        return settings.model_copy(update={"server": _without_quota(settings.server), **changes})

    def notify(self, region: RegionId) -> NotifySettings:
        """Give a notify service's settings."""
        settings = notify_settings(self._parts(region))
        changes = {"retry_seconds": (0.5, 1.0), "look_seconds": 0.5}
        return settings.model_copy(update={"server": _without_quota(settings.server), **changes})


class ReferralStage(Stage):
    """The running federation: `parts` by name ("hub", "broker-dresden", "referral-dresden", "notify-dresden" …)."""

    def __init__(self, cast: ReferralCast) -> None:
        super().__init__(cast)
        self.casework = cast

    def referral(self, region: RegionId) -> Target:
        """Say how to call a region's referral service as a counsellor."""
        return self._target(region, self.cast.settings[region].ports.referral, "counsellor")

    def notify(self, region: RegionId, role: str) -> Target:
        """Say how to call a region's notify service."""
        return self._target(region, self.cast.settings[region].ports.notify, role)

    def _target(self, region: RegionId, port: int, role: str) -> Target:
        token = self.cast.layout(region).cli_token(role).read_text().strip()
        return Target(f"{LOOPBACK}:{port}", token, region)


@asynccontextmanager
async def running_referral_stage(cast: ReferralCast) -> AsyncIterator[ReferralStage]:
    """Run everything; leaving stops services first, then the servers under them."""
    stage = ReferralStage(cast)
    async with AsyncExitStack() as stack:
        await _enter(stack, stage, [("hub", _hub(cast)), *((f"broker-{r}", _broker(cast, r)) for r in REFERRING)])
        await _prepare(stage)
        services = [_referral(cast, region) for region in REFERRING] + [_notify(cast, region) for region in REFERRING]
        names = [f"{service}-{region}" for service in SERVICES for region in REFERRING]
        await _enter(stack, stage, list(zip(names, services, strict=True)))
        yield stage


async def _enter(stack: AsyncExitStack, stage: Stage, starts: Sequence[tuple[str, Start]]) -> None:
    parts = [Part(name, start) for name, start in starts]
    await asyncio.gather(*(stack.enter_async_context(part.running()) for part in parts))
    stage.parts.update({part.name: part for part in parts})


async def _prepare(stage: Stage) -> None:
    async with stage.hub_admin() as connection:
        await hub_init(connection, REGIONS)
        for region in REFERRING:
            await _redeliver_soon(connection, MAIL, region)
    for region in REFERRING:
        async with stage.broker_admin(region) as connection:
            await node_init(connection, {"notify": REFERRAL_CHANGES})
            await _redeliver_soon(connection, NODE, "notify")


async def _redeliver_soon(connection: NatsConnection, stream: str, durable: str) -> None:
    """Have what a killed service left unacknowledged come again in seconds."""
    config = (await connection.jetstream.consumer_info(stream, durable)).config
    await connection.jetstream.add_consumer(stream, replace(config, ack_wait=REDELIVERY_SECONDS))


def _hub(cast: ReferralCast) -> Start:
    config, layout, port = cast.hub_config(), cast.layout(STATE), cast.settings[STATE].ports.hub
    return lambda: running_nats(config, port=port, log_path=layout.log("hub"))


def _broker(cast: ReferralCast, region: RegionId) -> Start:
    config, layout, port = cast.broker_config(region), cast.layout(region), cast.settings[region].ports.broker
    return lambda: running_nats(config, port=port, log_path=layout.log("broker"))


def _referral(cast: ReferralCast, region: RegionId) -> Start:
    settings, log = cast.referral(region), cast.layout(region).log("referral")
    return lambda: running_service("services.referral", settings, settings.server.address, log)


def _notify(cast: ReferralCast, region: RegionId) -> Start:
    settings, log = cast.notify(region), cast.layout(region).log("notify")
    return lambda: running_service("services.notify", settings, settings.server.address, log)


def _with_casework(settings: NodeSettings, databases: Mapping[str, str], smtp_port: int) -> NodeSettings:
    region = settings.region
    ports = {name: free_port() for name in ("referral", "referral_ops", "notify", "notify_ops")}
    mail = Mail(
        host=LOOPBACK,
        port=smtp_port,
        security="plain",
        sender=f"lotse@{region}.example",
        link_template="https://lotse.example/referrals/{referral}",
    )
    changes = {
        "referral_database_url": databases.get(f"{region}/referral"),
        "notify_database_url": databases.get(f"{region}/notify"),
        "mail": mail,
        "ports": settings.ports.model_copy(update=ports),
    }
    return settings.model_copy(update=changes)


def _without_quota(server: ServerSettings) -> ServerSettings:
    """All of a region's staff shares one token here."""
    return server.model_copy(update={"quota": QuotaSettings(rate=100_000, burst=100_000)})
