"""A federation that the e2e tests share: the state node with hub and search, Dresden and Mittelsachsen."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.common.names import RegionId
from services.node.demo.stage import Actor
from tests.support.nodes import import_seed, running_federation, until_searchable

Federation = dict[RegionId, Actor]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def federation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Federation]:
    """Three running nodes with their starting data, which every test leaves as it is; all of it is searchable."""
    async with running_federation(tmp_path_factory.mktemp("federation"), 3) as actors:
        reports = [await import_seed(actor, region) for region, actor in actors.items()]
        assert not [line for report in reports for line in report.refused]
        await until_searchable(actors[RegionId("sachsen")], sum(report.published for report in reports))
        yield actors
