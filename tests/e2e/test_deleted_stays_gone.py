"""What is deleted is gone everywhere and stays gone: old messages, restarts, rebuilds, a wiped engine change nothing.

After each of them the old signed messages are played again in every way there is: what the engine forgot (it forgets
deletes at a restart) must not be what keeps a deleted offer away.
"""

import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
import pytest_asyncio

from services.search import app as search_app
from tests.support.storm.cast import EDITING, SEARCHING
from tests.support.storm.checker import check
from tests.support.storm.desk import Desk, at_desk
from tests.support.storm.history import Place
from tests.support.storm.quiet import evidence_of
from tests.support.storm.readers import engine_documents, get_offer
from tests.support.storm.revival import Deleted, delete_one, revival_tried
from tests.support.storm.searchable import found_entry, is_gone, until_found
from tests.support.storm.stage import Stage

pytest_plugins = ("tests.support.storm.fixtures",)
pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass(frozen=True)
class Graves:
    """Offers that were deleted, and beside each a live one, which must stay."""

    desk: Desk
    deleted: Sequence[Deleted]
    living: Sequence[Place]

    async def stay_closed(self, stage: Stage) -> None:
        """Expect the living in every search, and nothing of the deleted, whatever is tried."""
        await self._find_the_living()
        async with revival_tried(stage, self.deleted):
            await self._find_the_living()
            for region, search in self.desk.searches.items():
                documents = await engine_documents(stage.cast.search(region))
                for each in self.deleted:
                    assert await found_entry(search, each.place) is None
                    assert await get_offer(search, each.place) is None
                    assert documents[each.place].deleted
            assert check(await evidence_of(stage)) == []

    async def _find_the_living(self) -> None:
        """Also what makes a search notice that its index is gone."""
        for search in self.desk.searches.values():
            for place in self.living:
                await until_found(search, place, lambda entry: entry is not None)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def graves(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Graves]:
    async with at_desk(stage, "graves", tmp_path_factory.mktemp("graves")) as desk:
        living = [(await desk.publish_new(region))[0] for region in EDITING]
        deleted = [await delete_one(stage, desk, region, number=2) for region in EDITING]
        for each in deleted:
            for search in desk.searches.values():
                await until_found(search, each.place, is_gone)
        yield Graves(desk, deleted, living)


async def test_old_messages_do_not_bring_a_deleted_offer_back(stage: Stage, graves: Graves) -> None:
    await graves.stay_closed(stage)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_restart_of_opensearch_does_not_bring_it_back(
    stage: Stage, graves: Graves, number: signal.Signals
) -> None:
    await stage.parts["engine"].restart(number)
    await graves.stay_closed(stage)


async def test_a_full_rebuild_of_the_index_does_not_bring_it_back(stage: Stage, graves: Graves) -> None:
    for region in SEARCHING:
        rebuilt = await search_app.reindex(stage.cast.search(region))
        assert rebuilt.records >= len(graves.deleted) + len(graves.living)
    await graves.stay_closed(stage)


async def test_a_wiped_opensearch_is_filled_again_without_it(stage: Stage, graves: Graves) -> None:
    await stage.parts["engine"].restart(before_start=stage.wipe_engine)
    await graves.stay_closed(stage)
