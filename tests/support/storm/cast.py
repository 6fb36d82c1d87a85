"""Owns who plays: three regions, two with editors, on both database engines at once, each process with its own ports.

Dresden lives on SQLite and Leipzig on PostgreSQL. The state-wide search (beside the hub) keeps its books on PostgreSQL,
Dresden's own one on SQLite; so one run shows every service on both engines.
"""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from services.common.clock import utc_now
from services.common.crypto.keys import public_nkey
from services.common.messaging.members import load_members
from services.common.names import RegionId
from services.common.rpc.server_settings import QuotaSettings, ServerSettings
from services.directory.settings import DirectorySettings
from services.node.broker.hub import HubConfig
from services.node.broker.region import SERVICES, RegionConfig
from services.node.brokers import member_nkeys, write_config
from services.node.initialise import create_federation
from services.node.layout import NodeLayout
from services.node.parts import NodeParts
from services.node.servers.ports import LOOPBACK, free_port
from services.node.settings import NodeSettings, Ports
from services.search.settings import SearchSettings

STATE, SQLITE_REGION, POSTGRES_REGION = RegionId("sachsen"), RegionId("dresden"), RegionId("leipzig")
REGIONS = (STATE, SQLITE_REGION, POSTGRES_REGION)
EDITING = (SQLITE_REGION, POSTGRES_REGION)
"""Regions whose directories run and are edited."""
SEARCHING = (STATE, SQLITE_REGION)
"""Regions with a search of their own."""
ON_POSTGRES = ("leipzig/directory", "sachsen/search")

NewDatabase = Callable[[], Awaitable[str]]


class Cast:
    """Folders, keys and settings of the federation; nothing runs yet."""

    def __init__(self, base: Path, databases: Mapping[str, str]) -> None:
        hub_port = free_port()
        self.hub_url = f"nats://{LOOPBACK}:{hub_port}"
        self.engine_port = free_port()
        self.engine_url = f"http://{LOOPBACK}:{self.engine_port}"
        self.settings = {region: _settings(region, hub_port, databases) for region in REGIONS}
        self.layouts = create_federation(base, list(self.settings.values()), utc_now)

    def broker_url(self, region: RegionId) -> str:
        """Say where a region's own NATS answers."""
        return f"nats://{LOOPBACK}:{self.settings[region].ports.broker}"

    def directory(self, region: RegionId) -> DirectorySettings:
        """Give a directory's settings, as a node of that region would."""
        settings = self._parts(region).directory()
        return settings.model_copy(update={"server": _without_quota(settings.server)})

    def search(self, region: RegionId) -> SearchSettings:
        """Give a search's settings; two searches share the engine, so each has an index of its own name."""
        settings = self._parts(region).search(self.engine_url)
        changes = {"index_name": f"offers-{region}", "server": _without_quota(settings.server)}
        return settings.model_copy(update=changes)

    def broker_config(self, region: RegionId) -> Path:
        """Write the configuration of a region's own broker."""
        layout = self.layouts[region]
        config = RegionConfig(
            region=region,
            port=self.settings[region].ports.broker,
            store_dir=layout.server("broker") / "store",
            admin_nkey=public_nkey(layout.broker_nkey("admin")),
            services={service: public_nkey(layout.broker_nkey(service)) for service in SERVICES},
        )
        return write_config(layout.server("broker"), config.render())

    def hub_config(self) -> Path:
        """Write the configuration of the hub."""
        layout = self.layouts[STATE]
        config = HubConfig(
            port=self.settings[STATE].ports.hub,
            store_dir=layout.server("hub") / "store",
            system_nkey=public_nkey(layout.hub_user_nkey("sys")),
            admin_nkey=public_nkey(layout.hub_user_nkey("admin")),
            search_nkey=public_nkey(layout.hub_user_nkey("search")),
            regions=member_nkeys(load_members(layout.members, layout.root_public.read_bytes())),
        )
        return write_config(layout.server("hub"), config.render())

    def layout(self, region: RegionId) -> NodeLayout:
        """Give a region's folder."""
        return self.layouts[region]

    def _parts(self, region: RegionId) -> NodeParts:
        settings = self.settings[region]
        return NodeParts(self.layouts[region], settings, self.broker_url(region), self.hub_url, utc_now)


def _without_quota(server: ServerSettings) -> ServerSettings:
    """All editors share one token here, and the evidence is read in one go."""
    return server.model_copy(update={"quota": QuotaSettings(rate=100_000, burst=100_000)})


async def databases(new_database: NewDatabase) -> dict[str, str]:
    """Make the PostgreSQL databases; whoever has none lives on SQLite in its node's folder."""
    return {name: await new_database() for name in ON_POSTGRES}


def _settings(region: RegionId, hub_port: int, databases: Mapping[str, str]) -> NodeSettings:
    state = region == STATE
    ports = Ports(
        directory=free_port(),
        search=free_port(),
        directory_ops=free_port(),
        search_ops=free_port(),
        broker=free_port(),
        hub=hub_port if state else 0,
    )
    return NodeSettings(
        region=region,
        display_name=f"Region {region}",
        state_node=state,
        services=("directory", "search"),
        hub_url=f"nats://{LOOPBACK}:{hub_port}",
        directory_database_url=databases.get(f"{region}/directory"),
        search_database_url=databases.get(f"{region}/search"),
        ports=ports,
    )
