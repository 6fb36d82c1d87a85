"""Owns which regions the demo plays with, and how their nodes are set."""

from collections.abc import Iterator

from services.common.names import RegionId
from services.node.initialise import draw_ports, fresh_ports
from services.node.settings import Mail, NodeSettings

REGIONS = {
    "sachsen": "ZEFAS und Hotline Sachsen",
    "dresden": "Welcome Center Dresden",
    "mittelsachsen": "Nestbau-Zentrale Mittelsachsen",
    "leipzig": "Welcome Center Leipzig",
    "chemnitz": "Region Chemnitz",
    "zwickau": "Welcome Center Zwickau",
    "erzgebirge": "Welcome Center Erzgebirge",
}
"""In the order in which they join; the first is the state node with hub and search."""

STATE = RegionId("sachsen")
LEAST_NODES, MOST_NODES = 2, len(REGIONS)


def cast(count: int, mail_port: int = 0) -> list[NodeSettings]:
    """Give the settings of the first `count` regions, on free ports of this machine: two demos do not collide.

    `mail_port` is where a mail server on this machine takes their mails; 0: none is sent.
    """
    fresh = fresh_ports()
    hub_port = next(fresh)
    mail = _mail(mail_port) if mail_port else None
    return [_settings(region, name, hub_port, fresh, mail) for region, name in list(REGIONS.items())[:count]]


def _mail(port: int) -> Mail:
    link = "http://lotse.example/referrals/{referral}"
    return Mail(host="127.0.0.1", port=port, security="plain", sender="lotse@lotse.example", link_template=link)


def _settings(region: str, name: str, hub_port: int, fresh: Iterator[int], mail: Mail | None) -> NodeSettings:
    state = region == STATE
    ports = draw_ports(fresh, search=state)
    return NodeSettings(
        region=RegionId(region),
        display_name=name,
        state_node=state,
        services=("directory", "referral", "notify", "federation", *(("search",) if state else ())),
        hub_url=f"nats://127.0.0.1:{hub_port}",
        refresh_milliseconds=200,
        engine_quick=True,
        mail=mail,
        ports=ports.model_copy(update={"hub": hub_port}) if state else ports,
    )
