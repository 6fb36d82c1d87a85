"""While the hub is away everybody goes on working and searches say what may be old; when it is back, all arrives."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lotse.search.v1 import search_service_pb2
from services.common.clock import utc_now
from services.common.db.engine import connect_database
from services.common.messaging.members_file import MembersFile
from services.search.adapters.federation import SignedFederation
from services.search.adapters.sql import SqlEntryStore
from services.search.domain.coverage import CoverageState, ReaderFacts
from services.search.freshness import FreshnessBook
from services.search.settings import SearchSettings
from tests.support.storm.cast import EDITING, SQLITE_REGION, STATE
from tests.support.storm.checker import check
from tests.support.storm.desk import at_desk, done
from tests.support.storm.owners import unsent
from tests.support.storm.quiet import become_quiet, evidence_of
from tests.support.storm.report import TABLES
from tests.support.storm.searchable import at_revision, found_entry, until_found
from tests.support.storm.stage import Stage

pytest_plugins = ("tests.support.storm.fixtures",)
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_edits_made_while_the_hub_is_away_arrive_when_it_is_back(stage: Stage, tmp_path: Path) -> None:
    async with at_desk(stage, "away", tmp_path) as desk:
        published = {region: await desk.publish_new(region) for region in EDITING}
        for search in desk.searches.values():
            for place, offer in published.values():
                await until_found(search, place, at_revision(offer.revision))

        changed = {}
        async with stage.parts["hub"].held_down():
            for region, (place, offer) in published.items():
                changed[region] = done(await desk.editors[region].update_offer(offer, place)).revision
                assert (await unsent(stage.cast.directory(region)))[f"{region} to hub"] >= 1
                entry = await found_entry(desk.searches[STATE], place)
                assert entry is not None
                assert entry.offer.revision == changed[region] - 1
            # The region's own search hears its own broker.
            own = published[SQLITE_REGION][0]
            await until_found(desk.searches[SQLITE_REGION], own, at_revision(changed[SQLITE_REGION]))
            coverage = await desk.searches[STATE].GetCoverage(search_service_pb2.GetCoverageRequest())
            assert {region.region for region in coverage.regions} >= set(EDITING)
            later = await coverage_at(stage.cast.search(STATE), utc_now() + timedelta(minutes=4))
            assert {later[region] for region in EDITING} == {CoverageState.STALE}

        arrived = [
            await until_found(search, published[region][0], at_revision(changed[region]))
            for region in EDITING
            for search in desk.searches.values()
        ]
        TABLES.append(f"hub back → edits made meanwhile searchable everywhere: {sum(arrived) * 1000:.0f} ms")
    await become_quiet(stage)
    assert check(await evidence_of(stage)) == []


class NobodyReads:
    """What a search knows of its readers when the hub is away: nothing new."""

    def facts(self) -> ReaderFacts:
        return ReaderFacts()


async def coverage_at(settings: SearchSettings, moment: datetime) -> dict[str, CoverageState]:
    """Judge what this search has heard so far as it would be judged at another moment: no test waits for minutes."""
    members = MembersFile(settings.members_file, bytes.fromhex(settings.root_public_key), utc_now)
    async with connect_database(settings.search_database_url) as database:
        book = FreshnessBook(SqlEntryStore(database), SignedFederation(members), NobodyReads())
        return {region.region: region.state for region in await book.exact(moment)}
