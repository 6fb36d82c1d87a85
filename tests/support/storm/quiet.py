"""Guarantees that nothing is on its way any more: outboxes are empty and every durable is read to its end."""

from collections.abc import Callable

from lotse.search.v1 import search_service_pb2
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.messaging.connection import NatsConnection
from services.common.messaging.streams import reset_reader
from services.common.messaging.subjects import CATALOG, NODE
from services.common.names import RegionId
from services.common.rpc.client import RpcError
from tests.support.processes import until
from tests.support.storm.cast import EDITING, SEARCHING, STATE
from tests.support.storm.facts import Evidence, Owned
from tests.support.storm.history import History, Place
from tests.support.storm.owners import read_owner, unsent
from tests.support.storm.readers import read_reader
from tests.support.storm.stage import Stage

Note = Callable[[str], None]

QUIET_SECONDS = 180.0
"""After an outage of OpenSearch the readers rest for up to a minute before they try again."""


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
    return await _silent_searches(stage)


async def _silent_searches(stage: Stage) -> str:
    """Name the searches that do not answer: their index is being built."""
    silent = [region for region in SEARCHING if not await _answers(stage, region)]
    return f"searches without an answer: {', '.join(silent)}" if silent else ""


async def _answers(stage: Stage, region: RegionId) -> bool:
    async with stage.search(region).channel() as channel:
        try:
            await SearchServiceStub(channel).SearchOffers(search_service_pb2.SearchOffersRequest(page_size=1))
        except RpcError:
            return False
    return True


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
