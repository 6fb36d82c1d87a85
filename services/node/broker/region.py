"""Guarantees that a service writes only its own subjects on its node's broker and reads only its own durable."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.common.messaging.subjects import NODE
from services.common.names import RegionId
from services.node.broker.notation import admin_line, checked_token, indented, quoted, user_line

SERVICES: Final = ("directory", "search", "referral", "notify")
"""The services with a user of their own; beside them stands `admin`, who sets streams and durables up."""


@dataclass(frozen=True, slots=True)
class RegionConfig:
    """What the configuration of a region's own broker is made of; `services` are the public nkeys by service."""

    region: RegionId
    port: int
    store_dir: Path
    admin_nkey: str
    services: Mapping[str, str]
    host: str = "127.0.0.1"
    max_store: str = "2G"
    sync_interval: str = "always"

    def render(self) -> str:
        """Write the configuration; raises ValueError for an unknown service, a bad nkey, or one nkey given twice."""
        nkeys = [self.admin_nkey, *self.services.values()]
        if len(set(nkeys)) != len(nkeys):
            raise ValueError("two users have the same nkey")
        users = [admin_line(self.admin_nkey), *(service_user(name, key) for name, key in sorted(self.services.items()))]
        return _REGION.format(
            server_name=quoted(f"node-{checked_token(self.region)}"),
            listen=quoted(f"{self.host}:{self.port}"),
            store_dir=quoted(str(self.store_dir)),
            sync_interval=self.sync_interval,
            max_store=self.max_store,
            users=indented(users, 6),
        )


def service_user(service: str, nkey: str) -> str:
    """Write a service's user; its answers come to _INBOX_<service>, where no other service can listen."""
    if service not in SERVICES:
        raise ValueError("this service has no user on the broker")
    publish = (
        f"node.{service}.>",
        f"$JS.API.CONSUMER.MSG.NEXT.{NODE}.{service}",
        f"$JS.API.CONSUMER.RESET.{NODE}.{service}",
        f"$JS.ACK.{NODE}.{service}.>",
    )
    return user_line(nkey, publish, (f"_INBOX_{service}.>",))


_REGION: Final = """\
server_name: {server_name}
listen: {listen}
ping_interval: "10s"
max_payload: 262144
jetstream {{ store_dir: {store_dir}, sync_interval: {sync_interval}, max_file: {max_store} }}
accounts {{
  SERVICES {{
    jetstream: enabled
    users: [
{users}
    ]
  }}
}}
"""
