"""Owns which regions the demo plays with, and how their nodes are set."""

from collections.abc import Iterator

from services.common.names import RegionId
from services.node.initialise import draw_ports, fresh_ports
from services.node.settings import NodeSettings

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


def cast(count: int) -> list[NodeSettings]:
    """Give the settings of the first `count` regions, on free ports of this machine: two demos do not collide."""
    fresh = fresh_ports()
    hub_port = next(fresh)
    return [_settings(region, name, hub_port, fresh) for region, name in list(REGIONS.items())[:count]]


def _settings(region: str, name: str, hub_port: int, fresh: Iterator[int]) -> NodeSettings:
    state = region == STATE
    ports = draw_ports(fresh, search=state)
    return NodeSettings(
        region=RegionId(region),
        display_name=name,
        state_node=state,
        services=("directory", "federation", "search") if state else ("directory", "federation"),
        hub_url=f"nats://127.0.0.1:{hub_port}",
        refresh_milliseconds=200,
        ports=ports.model_copy(update={"hub": hub_port}) if state else ports,
    )
