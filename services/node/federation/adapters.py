"""Where the federation service gets its answers: the services' own databases and the search's coverage."""

from collections.abc import Mapping, Sequence
from datetime import UTC

from lotse.search.v1 import search_pb2, search_service_pb2
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.db import outbox, parked
from services.common.db.engine import Database
from services.common.db.parked import ParkedCursor, ParkedSummary
from services.common.errors import CheckTheName
from services.common.rpc.client import connect
from services.node.federation.ports import Heard
from services.search.replay import Replay


class DatabaseOutbox:
    """The directory's outbox; a node without a directory has nothing to send."""

    def __init__(self, database: Database | None) -> None:
        self._database = database

    async def rows(self) -> Mapping[str, int]:
        """Count rows by target."""
        if self._database is None:
            return {}
        async with self._database.reading() as session:
            return {target: depth.rows for target, depth in (await outbox.depth(session)).items()}


class SearchParked:
    """What the search set aside; a node without a search sets nothing aside."""

    def __init__(self, database: Database | None, replay: Replay | None) -> None:
        self._database = database
        self._replay = replay

    async def page(self, size: int, after: ParkedCursor | None, region: str | None) -> Sequence[ParkedSummary]:
        """Read a page, newest first."""
        if self._database is None:
            return []
        async with self._database.reading() as session:
            return await parked.list_parked(session, size, after, region)

    async def replay(self, message_id: str) -> bool:
        """Try one again."""
        if self._replay is None:
            raise CheckTheName("RESOURCE_NOT_FOUND", "no parked message of that id")
        return await self._replay.replay(message_id)


class SearchHearing:
    """The coverage that this node's search reports."""

    def __init__(self, address: str | None, token: str) -> None:
        self._address = address
        self._token = token

    async def heard(self) -> Mapping[str, Heard]:
        """Ask the search; empty without one."""
        if self._address is None:
            return {}
        async with connect(self._address, self._token) as channel:
            stub = SearchServiceStub(channel)
            answer = await stub.GetCoverage(search_service_pb2.GetCoverageRequest())
        return {coverage.region: _heard(coverage) for coverage in answer.regions}


def _heard(coverage: search_pb2.RegionCoverage) -> Heard:
    time = coverage.last_head_time.ToDatetime(UTC) if coverage.HasField("last_head_time") else None
    return Heard(time, coverage.offers, coverage.parked_messages)
