"""Tries to bring a deleted offer back, as a broker that was restored would; the region's own key has signed it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.common.messaging.connection import NatsConnection
from services.common.messaging.streams import newest_message
from services.common.messaging.subjects import CATALOG, catalog_subject
from services.common.names import RegionId
from tests.support.processes import until
from tests.support.storm.desk import Desk, done
from tests.support.storm.history import Place
from tests.support.storm.quiet import become_quiet, replay_everything
from tests.support.storm.stage import Stage


@dataclass(frozen=True, slots=True)
class Deleted:
    """An offer that is gone, the signed messages that once told of it, and the one that said that it is gone."""

    region: RegionId
    place: Place
    told: Sequence[bytes]
    farewell: bytes

    @property
    def subject(self) -> str:
        """Where its messages stand in the catalog."""
        return catalog_subject(self.region, self.place[1], self.place[2])


async def delete_one(stage: Stage, desk: Desk, region: RegionId, number: int) -> Deleted:
    """Publish an offer, change it and delete it; keep what the hub held each time."""
    editor = desk.editors[region]
    async with stage.hub_admin() as hub:
        place, public = await desk.publish_new(region, number)
        subject = catalog_subject(region, *place[1:])
        told = [await _next_message(hub, subject, [])]
        done(await editor.update_offer(public, place))
        told.append(await _next_message(hub, subject, told))
        done(await editor.take_step(await editor.read_offer(place), place, "delete"))
        return Deleted(region, place, told, await _next_message(hub, subject, told))


@asynccontextmanager
async def revival_tried(stage: Stage, deleted: Sequence[Deleted]) -> AsyncIterator[None]:
    """Publish the old signed bytes again with the regions' own nkeys, and have everything delivered once more.

    In the block all of it has been read, and the catalog's newest word on these offers is that they live. Afterwards it
    holds again what it held before.
    """
    await _publish(stage, deleted, old=True)
    await become_quiet(stage)
    await replay_everything(stage)
    await become_quiet(stage)
    yield
    await _publish(stage, deleted, old=False)
    await become_quiet(stage)


async def _publish(stage: Stage, deleted: Sequence[Deleted], *, old: bool) -> None:
    for each in deleted:
        messages = each.told if old else [each.farewell]
        async with stage.hub_as(each.region) as hub:
            for data in messages:
                await hub.jetstream.publish(each.subject, data)
        async with stage.hub_admin() as hub:
            stored = await newest_message(hub, CATALOG, each.subject)
        # The hub believes the region: what it holds now is what any new reader would be told.
        assert stored is not None
        assert stored.data == messages[-1]


async def _next_message(hub: NatsConnection, subject: str, known: Sequence[bytes]) -> bytes:
    """Wait for a message on the subject that is none of the known ones."""
    found = b""

    async def is_new() -> bool:
        nonlocal found
        stored = await newest_message(hub, CATALOG, subject)
        found = stored.data if stored is not None else b""
        return bool(found) and found not in known

    await until(is_new, f"the hub has a new message on {subject}")
    return found
