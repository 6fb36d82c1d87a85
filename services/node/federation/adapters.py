"""Where the federation service gets its answers: what the services show of themselves, and the search's coverage."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from lotse.search.v1 import search_pb2, search_service_pb2
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.db import outbox
from services.common.db.engine import Database
from services.common.db.parked import ParkedCursor
from services.common.errors import CheckTheName
from services.common.rpc.client import connect
from services.node.federation.ports import Heard, ParkedEntry, ParkedSource


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


class NodeParked:
    """What all services of this node set aside; `sources` by service, without those that do not run here."""

    def __init__(self, sources: Mapping[str, ParkedSource]) -> None:
        self._sources = sources

    async def page(
        self, size: int, after: ParkedCursor | None, *, region: str | None, service: str | None
    ) -> Sequence[ParkedEntry]:
        """Read a page, newest first."""
        pages = [(name, await source.page(size, after, region)) for name, source in self._chosen(service).items()]
        found = [ParkedEntry(name, summary) for name, page in pages for summary in page]
        return sorted(found, key=_place, reverse=True)[:size]

    async def by_service(self) -> Mapping[str, int]:
        """Count them by service."""
        counts = {name: sum((await source.counts()).values()) for name, source in self._sources.items()}
        return {name: count for name, count in counts.items() if count}

    async def by_region(self) -> Mapping[str, int]:
        """Count them by region."""
        return sum([Counter(await source.counts()) for source in self._sources.values()], Counter[str]())

    async def replay(self, message_id: str, service: str | None) -> bool:
        """Try one again at the service that has it."""
        for source in self._chosen(service).values():
            if await source.has(message_id):
                return await source.replay(message_id)
        raise CheckTheName("RESOURCE_NOT_FOUND", "no parked message of that id")

    def _chosen(self, service: str | None) -> Mapping[str, ParkedSource]:
        return {name: source for name, source in self._sources.items() if service in {None, name}}


def _place(entry: ParkedEntry) -> tuple[datetime, str]:
    return entry.summary.park_time, entry.summary.id


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
    return Heard(time, coverage.offers)
