"""Guarantees that nothing is on its way any more: outboxes are empty and every durable is read to its end."""

from collections.abc import Callable

from services.common.messaging.connection import NatsConnection
from services.common.messaging.streams import reset_reader
from services.common.messaging.subjects import CATALOG, NODE
from services.common.names import RegionId
from tests.support.processes import until
from tests.support.storm.cast import EDITING, SEARCHING, STATE
from tests.support.storm.facts import Evidence, Owned
from tests.support.storm.history import History, Place
from tests.support.storm.owners import read_owner, unsent
from tests.support.storm.readers import read_reader
from tests.support.storm.stage import Stage

Note = Callable[[str], None]

QUIET_SECONDS = 150.0
"""A search that was killed leaves messages unacknowledged, which the hub gives out again only after 60 s."""


def hub_durable(region: RegionId) -> str:
    """Name the durable that a region's search reads at the hub."""
    return "search" if region == STATE else region


async def become_quiet(stage: Stage, seconds: float = QUIET_SECONDS, note: Note | None = None) -> None:
    """Wait until all processes are up and everything that was published is read; `note` is told what it waits for."""
    await stage.healed()
    last = ""

    async def quiet() -> bool:
        nonlocal last
        now = await _waits_for(stage)
        if note is not None and now != last:
            note(now or "nothing")
        last = now
        return not now

    try:
        await until(quiet, "all is quiet", seconds, pause=0.2)
    except AssertionError as error:
        error.add_note(f"still waiting for {last}")
        raise


async def _waits_for(stage: Stage) -> str:
    """Say what is still on its way; "" when nothing is."""
    for region in EDITING:
        if rows := await unsent(stage.cast.directory(region)):
            return f"outbox {rows}"
    async with stage.hub_admin() as hub:
        for region in SEARCHING:
            if left := await _unread(hub, CATALOG, hub_durable(region)):
                return f"hub for the search of {region}: {left}"
    for region in SEARCHING:
        async with stage.broker_admin(region) as broker:
            if left := await _unread(broker, NODE, "search"):
                return f"broker for the search of {region}: {left}"
    return ""


async def replay_everything(stage: Stage) -> None:
    """Have every stream delivered to every search once more, old messages of the own brokers included."""
    async with stage.hub_admin() as hub:
        for region in SEARCHING:
            await reset_reader(hub, CATALOG, hub_durable(region))
    for region in SEARCHING:
        async with stage.broker_admin(region) as broker:
            await reset_reader(broker, NODE, "search")


async def evidence_of(stage: Stage, history: History | None = None) -> Evidence:
    """Read owners and copies; call it when all is quiet."""
    owned: dict[Place, Owned] = {}
    waiting: dict[str, int] = {}
    for region in EDITING:
        owned |= await read_owner(stage.cast.directory(region))
        waiting |= await unsent(stage.cast.directory(region))
    offers = [place for place in owned if place[1] == "offer"]
    readers = [await read_reader(stage.cast.search(region), stage.search(region), offers) for region in SEARCHING]
    calls, sightings = (history.calls(), history.sightings) if history else ((), ())
    return Evidence(calls, owned, readers, sightings, waiting)


async def _unread(connection: NatsConnection, stream: str, durable: str) -> str:
    info = await connection.jetstream.consumer_info(stream, durable)
    if not (info.num_pending or info.num_ack_pending):
        return ""
    return f"{info.num_pending} to be given out, {info.num_ack_pending} not acknowledged"
