"""A directory in memory with a clock that moves on by a second at each change."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from lotse.directory.v1.directory_events_pb2 import OfferEntry, PartnerEntry
from services.common.ids import new_record_id
from services.common.names import RegionId
from services.directory.adapters.memory import MemoryDirectoryStore
from services.directory.domain.changes import etag_of
from services.directory.domain.offer import Offer
from services.directory.domain.records import Partner, Record, Site
from services.directory.handlers import offers, records
from services.directory.handlers.kinds import OFFERS, PARTNERS, SITES
from services.directory.ports import Work
from tests.unit.directory.records import MOMENT, a_partner, a_site, an_offer

T = TypeVar("T")
KINDS: dict[type[Record], Any] = {Partner: PARTNERS, Site: SITES, Offer: OFFERS}
PATHS: dict[type[Record], str] = {Partner: "partner", Site: "site", Offer: "offer"}


@dataclass
class Desk:
    """One editor at work."""

    store: MemoryDirectoryStore = field(default_factory=lambda: MemoryDirectoryStore(1))
    moment: Any = MOMENT

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Work]:
        self.moment += timedelta(seconds=1)
        async with self.store.transaction() as transaction:
            yield Work(transaction, RegionId("dresden"), self.moment, "editor", new_record_id)

    async def do(self, use_case: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        async with self.work() as work:
            return await use_case(work, *arguments)

    async def create(self, record: Record, record_id: str) -> Any:
        kind = type(record)
        return await self.do(records.create, KINDS[kind], record_id, record, PATHS[kind])

    async def update(self, record: Record, **change: Any) -> Any:
        kind = type(record)
        wanted = kind(name=record.name, **change)
        return await self.do(records.update, KINDS[kind], wanted, etag_of(record), change.keys(), PATHS[kind])

    async def delete(self, record: Record) -> Any:
        return await self.do(records.delete, KINDS[type(record)], record.id, etag_of(record))

    async def undelete(self, record: Record) -> Any:
        kind = type(record)
        return await self.do(records.undelete, KINDS[kind], record.id, etag_of(record), PATHS[kind])

    async def publish(self, offer: Offer) -> Offer:
        return await self.do(offers.publish_offer, offer.id, etag_of(offer))

    async def open_house(self) -> tuple[Partner, Site, Offer]:
        """A partner with a site and a public offer there."""
        partner = await self.create(a_partner(), "zentrum")
        site = await self.create(a_site(), "altmarkt")
        offer = await self.publish(await self.create(an_offer(), "erstberatung"))
        return partner, site, offer

    def sent(self, kind: str) -> list[Any]:
        """Give the entries of a kind, oldest first; None for a word that a record is gone."""
        reader: Any = {"offer": OfferEntry, "partner": PartnerEntry}[kind]
        rows = [row for row in self.store.outbox if row.kind == kind]
        return [None if row.deleted else reader.FromString(row.body) for row in rows]
