"""A node's broker and the hub begin with what they need, and find it again after the next start."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.common.clock import utc_now
from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.common.messaging.streams import newest_message
from services.common.messaging.subjects import CATALOG, MAIL, NODE
from services.common.names import RegionId
from services.node.brokers import running_broker, running_hub
from services.node.initialise import admit, create_federation, create_node
from services.node.layout import NodeLayout
from services.node.members import known_members
from services.node.settings import NodeSettings

pytestmark = pytest.mark.asyncio(loop_scope="session")

SACHSEN, DRESDEN = RegionId("sachsen"), RegionId("dresden")


def node(region: str, *, state: bool = False) -> NodeSettings:
    return NodeSettings(region=RegionId(region), display_name=region, state_node=state)


@asynccontextmanager
async def admin(url: str, nkey: Path) -> AsyncIterator[NatsConnection]:
    async with connect_nats(NatsSettings(url, "test", nkey)) as connection:
        await connection.until_connected()
        yield connection


async def durables(connection: NatsConnection, stream: str) -> set[str]:
    return {str(info.name) for info in await connection.jetstream.consumers_info(stream)}


async def test_a_broker_has_its_stream_and_its_reader_and_keeps_what_it_was_given(tmp_path: Path) -> None:
    layout = NodeLayout(tmp_path)
    settings = node("dresden")
    create_node(layout, settings, utc_now)
    async with (
        running_broker(layout, settings) as server,
        admin(server.url, layout.broker_nkey("admin")) as connection,
    ):
        assert await durables(connection, NODE) == {"notify", "search"}
        await connection.jetstream.publish("node.directory.offer.one", b"kept")
    config = layout.server("broker") / "nats.conf"
    assert config.stat().st_mode & 0o777 == 0o600
    for seed in layout.keys.glob("*.nk"):
        assert seed.read_text().strip() not in config.read_text()
    async with (
        running_broker(layout, settings) as server,
        admin(server.url, layout.broker_nkey("admin")) as connection,
    ):
        message = await newest_message(connection, NODE, "node.directory.offer.one")
        assert message is not None
        assert message.data == b"kept"
        assert await durables(connection, NODE) == {"notify", "search"}


async def test_a_hub_has_a_place_for_each_member_and_for_new_ones_after_its_next_start(tmp_path: Path) -> None:
    layouts = create_federation(tmp_path, [node("sachsen", state=True), node("dresden")], utc_now)
    state, settings = layouts[SACHSEN], node("sachsen", state=True)
    async with (
        running_hub(state, settings, known_members(state)) as server,
        admin(server.url, state.hub_user_nkey("admin")) as connection,
    ):
        assert await durables(connection, CATALOG) == {"search", "dresden", "sachsen"}
        assert await durables(connection, MAIL) == {"hub", "dresden", "sachsen"}
        await connection.jetstream.publish("fed.cat.dresden.offer.one", b"kept")
    leipzig = NodeLayout(tmp_path / "leipzig")
    admit(state, [create_node(leipzig, node("leipzig"), utc_now)], utc_now)
    async with (
        running_hub(state, settings, known_members(state)) as server,
        admin(server.url, state.hub_user_nkey("admin")) as connection,
        connect_nats(NatsSettings(server.url, "leipzig", leipzig.hub_nkey, "_INBOX_leipzig")) as newcomer,
    ):
        assert await durables(connection, CATALOG) == {"search", "dresden", "leipzig", "sachsen"}
        message = await newest_message(connection, CATALOG, "fed.cat.dresden.offer.one")
        assert message is not None
        assert message.data == b"kept"
        await newcomer.until_connected()
        await newcomer.jetstream.publish("fed.cat.leipzig.offer.one", b"new")


async def test_a_killed_broker_comes_back_with_its_data_while_the_node_runs(tmp_path: Path) -> None:
    layout = NodeLayout(tmp_path)
    settings = node("dresden")
    create_node(layout, settings, utc_now)
    async with (
        running_broker(layout, settings) as server,
        admin(server.url, layout.broker_nkey("admin")) as connection,
    ):
        await connection.jetstream.publish("node.directory.offer.one", b"kept")
        sessions = connection.sessions
        server.child.kill()
        await connection.until_lost()
        await connection.until_connected()
        assert connection.sessions == sessions + 1
        message = await newest_message(connection, NODE, "node.directory.offer.one")
        assert message is not None
        assert message.data == b"kept"
