"""Settings and clock that the tests of a node's files share."""

from datetime import UTC, datetime

from services.common.names import RegionId
from services.node.settings import NodeSettings

MOMENT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def clock() -> datetime:
    """Stand still."""
    return MOMENT


def node(region: str, *, state: bool = False) -> NodeSettings:
    """Settings of a node as `lotse node init` makes them, without ports."""
    return NodeSettings(region=RegionId(region), display_name=region.title(), state_node=state)
