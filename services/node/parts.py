"""Derives the settings of each service from those of its node: node.toml says everything, the environment nothing."""

from pydantic import SecretBytes
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from services.common.clock import Clock
from services.common.messaging.members_file import MembersFile
from services.common.rpc.server import ServerSettings
from services.common.settings import LotseSettings
from services.directory.settings import DirectorySettings, TargetSettings
from services.node.layout import NodeLayout
from services.node.servers.ports import LOOPBACK
from services.node.settings import NodeSettings
from services.search.settings import BrokerSettings, SearchSettings


class AsGiven(LotseSettings):
    """Settings from arguments alone: a LOTSE_ variable of the operator's shell (LOTSE_NODE …) is not for a service."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take the arguments."""
        return (init_settings,)


class _Directory(AsGiven, DirectorySettings):
    """The directory's."""


class _Search(AsGiven, SearchSettings):
    """The search's."""


class NodeParts:
    """Derives each service's settings from the node's."""

    def __init__(
        self, layout: NodeLayout, settings: NodeSettings, broker_url: str, hub_url: str | None, clock: Clock
    ) -> None:
        self.layout = layout
        self.settings = settings
        self.clock = clock
        self.broker_url = broker_url
        self.hub_url = hub_url

    def server(self, port: int) -> ServerSettings:
        """Say where a service listens."""
        return ServerSettings(
            address=f"{LOOPBACK}:{port}", tokens_file=self.layout.tokens, reflection=self.settings.reflection
        )

    def directory(self) -> DirectorySettings:
        """Set the directory up."""
        layout, settings = self.layout, self.settings
        prefix = f"_INBOX_{settings.region}"
        hub = (
            TargetSettings(url=self.hub_url, nkey_seed_file=layout.hub_nkey, inbox_prefix=prefix)
            if self.hub_url
            else None
        )
        return _Directory(
            region=settings.region,
            server=self.server(settings.ports.directory),
            directory_database_url=settings.directory_database_url or layout.database_url("directory"),
            ops_address=f"{LOOPBACK}:{settings.ports.directory_ops}",
            signing_key_file=layout.signing_key,
            epoch=settings.epoch,
            hub=hub,
            own_broker=TargetSettings(
                url=self.broker_url, nkey_seed_file=layout.broker_nkey("directory"), inbox_prefix="_INBOX_directory"
            ),
            page_token_secret_file=layout.page_token_secret,
            log_level=settings.log_level,
        )

    def search(self, engine_url: str) -> SearchSettings:
        """Set the search up: beside the hub it reads as the state-wide search, elsewhere as its region."""
        layout, settings = self.layout, self.settings
        return _Search(
            region=settings.region,
            server=self.server(settings.ports.search),
            search_database_url=settings.search_database_url or layout.database_url("search"),
            members_file=layout.members,
            root_public_key=layout.root_public.read_bytes().hex(),
            hub=self._catalog(),
            own_broker=BrokerSettings(
                url=self.broker_url, nkey_seed_file=layout.broker_nkey("search"), inbox_prefix="_INBOX_search"
            ),
            opensearch_url=engine_url,
            refresh_interval_ms=settings.refresh_milliseconds,
            page_token_secret=SecretBytes(layout.page_token_secret.read_bytes()),
            ops_address=f"{LOOPBACK}:{settings.ports.search_ops}",
            log_level=settings.log_level,
        )

    def members(self) -> MembersFile:
        """Open the member list, to be read again when it changes."""
        return MembersFile(self.layout.members, self.layout.root_public.read_bytes(), self.clock)

    def _catalog(self) -> BrokerSettings | None:
        if self.hub_url is None:
            return None
        if self.settings.state_node:
            return BrokerSettings(url=self.hub_url, nkey_seed_file=self.layout.hub_user_nkey("search"))
        region = self.settings.region
        return BrokerSettings(
            url=self.hub_url, nkey_seed_file=self.layout.hub_nkey, inbox_prefix=f"_INBOX_{region}", durable=region
        )
