"""Guarantees that a region can do at the hub exactly what the federation needs of it, and nothing in another's name.

Three accounts: SYS watches the server, FED owns the streams, EDGE holds one user per region and sees of FED only the
imported services. Regions are kept out of FED because there a region could name another's subject as the place for its
acknowledgement, and the hub itself would overwrite that record (federation.md, "Decision", measured).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.common.messaging.subjects import CATALOG, CATALOG_FILTER, MAIL, MAIL_FILTER
from services.common.names import RESERVED_IDS, RegionId
from services.node.broker.notation import admin_line, checked_token, indented, quoted, user_line

SEARCH: Final = "search"
"""Durable of the state-wide search in CATALOG."""
HUB_MAIL: Final = "hub"
"""Durable of what is addressed to the hub in MAIL."""

_NEXT = "$JS.API.CONSUMER.MSG.NEXT"
_RESET = "$JS.API.CONSUMER.RESET"
_GET = "$JS.API.DIRECT.GET"
_ACK = "$JS.ACK"

_EXPORTS: Final = (
    (CATALOG_FILTER, ""),
    (MAIL_FILTER, ""),
    # A request for messages has many answers.
    (f"{_NEXT}.{CATALOG}.*", "response: stream, "),
    (f"{_NEXT}.{MAIL}.*", "response: stream, "),
    (f"{_RESET}.{CATALOG}.*", ""),
    (f"{_GET}.{CATALOG}.{CATALOG_FILTER}", ""),
    (f"{_ACK}.{CATALOG}.>", ""),
    (f"{_ACK}.{MAIL}.>", ""),
)


@dataclass(frozen=True, slots=True)
class HubConfig:
    """What the hub's configuration is made of; `regions` are the public nkeys by region.

    For now in the clear on loopback. With other machines TLS comes into the `listen` block; who a region is stays its
    nkey, because another region's certificate beside it was accepted (federation.md, "Procedures").
    """

    port: int
    store_dir: Path
    system_nkey: str
    admin_nkey: str
    search_nkey: str
    regions: Mapping[RegionId, str]
    host: str = "127.0.0.1"
    max_store: str = "8G"
    sync_interval: str = "always"

    def render(self) -> str:
        """Write the configuration; raises ValueError for a reserved region, a bad nkey, or one nkey given twice."""
        nkeys = [self.system_nkey, self.admin_nkey, self.search_nkey, *self.regions.values()]
        if len(set(nkeys)) != len(nkeys):
            raise ValueError("two users have the same nkey")
        return _HUB.format(
            listen=quoted(f"{self.host}:{self.port}"),
            store_dir=quoted(str(self.store_dir)),
            sync_interval=self.sync_interval,
            max_store=self.max_store,
            system=admin_line(self.system_nkey),
            fed_users=indented([admin_line(self.admin_nkey), search_user(self.search_nkey)], 6),
            exports=indented((f"{{ service: {quoted(name)}, {more}accounts: [EDGE] }}" for name, more in _EXPORTS), 6),
            imports=indented(
                (f"{{ service: {{ account: FED, subject: {quoted(name)} }} }}" for name, _ in _EXPORTS), 6
            ),
            regions=indented((region_user(region, nkey) for region, nkey in sorted(self.regions.items())), 6),
        )


def search_user(nkey: str) -> str:
    """Write the user of the state-wide search: reads its two durables, asks regions to resend, writes no record."""
    publish = (
        "fed.to.*.hub.ask.>",
        f"{_NEXT}.{CATALOG}.{SEARCH}",
        f"{_NEXT}.{MAIL}.{HUB_MAIL}",
        f"{_RESET}.{CATALOG}.{SEARCH}",
        f"{_ACK}.{CATALOG}.{SEARCH}.>",
        f"{_ACK}.{MAIL}.{HUB_MAIL}.>",
    )
    return user_line(nkey, publish, ("_INBOX.>",))


def region_user(region: RegionId, nkey: str) -> str:
    """Write a region's user: publishes in its own name only, reads its own durables, listens on its own inbox."""
    if region in RESERVED_IDS:
        raise ValueError("this region id is reserved")
    own = checked_token(region)
    publish = (
        f"fed.cat.{own}.>",
        f"fed.to.*.{own}.>",
        f"{_NEXT}.{CATALOG}.{own}",
        f"{_NEXT}.{MAIL}.{own}",
        f"{_RESET}.{CATALOG}.{own}",
        f"{_GET}.{CATALOG}.fed.cat.{own}.>",
        f"{_ACK}.{CATALOG}.{own}.>",
        f"{_ACK}.{MAIL}.{own}.>",
    )
    return user_line(nkey, publish, (f"_INBOX_{own}.>",))


_HUB: Final = """\
server_name: hub
listen: {listen}
ping_interval: "10s"
max_payload: 262144
jetstream {{ store_dir: {store_dir}, sync_interval: {sync_interval}, max_file: {max_store} }}
system_account: SYS
accounts {{
  SYS {{ users: [ {system} ] }}
  FED {{
    jetstream: enabled
    users: [
{fed_users}
    ]
    exports: [
{exports}
    ]
  }}
  EDGE {{
    imports: [
{imports}
    ]
    users: [
{regions}
    ]
  }}
}}
"""
