"""Brings a data file into a directory over its API: creates what is new, updates what differs, leaves the rest alone.

Running it again is harmless. Order: partners (parents first), sites, offers; an offer that can be published is
published when asked for. Each refusal names the item and the field, and does not stop the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask

from lotse.directory.v1 import offer_pb2, offer_requests_pb2, partner_pb2, partner_requests_pb2, site_requests_pb2
from services.common.clock import today_in_saxony, utc_now
from services.common.rpc.client import Patience, RpcError
from services.node.seed import Seed, is_over

if TYPE_CHECKING:  # the asynchronous stubs exist for the type checker only
    from lotse.directory.v1.directory_service_pb2_grpc import DirectoryServiceAsyncStub

R = TypeVar("R", partner_pb2.Partner, partner_pb2.Site, offer_pb2.Offer)
Outcome = Literal["created", "updated", "unchanged"]

PAGE = 500

PATIENCE = Patience()
"""For the channel of an import: where a call ran out of time, all that refers to its record would be refused too."""

OUTPUT_ONLY = (
    "name",
    "uid",
    "etag",
    "revision",
    "create_time",
    "update_time",
    "delete_time",
    "purge_time",
    "state",
    "confirm_time",
    "review_due_date",
)


@dataclass
class ImportReport:
    """What an import did: counts by outcome, and a line for each refusal."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    published: int = 0
    refused: list[str] = field(default_factory=list)

    def count(self, outcome: Outcome) -> None:
        """Add one of this outcome."""
        setattr(self, outcome, getattr(self, outcome) + 1)


class Collection(Protocol[R]):
    """The three calls that an import needs of one sort of record."""

    async def get(self, name: str) -> R:
        """Read one; raises RpcError NOT_FOUND."""

    async def create(self, parent: str, record_id: str, record: R) -> R:
        """Create one; raises RpcError."""

    async def update(self, record: R) -> R:
        """Replace one, etag set; raises RpcError."""


async def known_names(stub: "DirectoryServiceAsyncStub", region: str) -> set[str]:
    """Read the full names of all records of a region: a file may refer to them without bringing them."""
    names: set[str] = set()
    for names_of in (Partners(stub).names, Sites(stub).names, Offers(stub, today_in_saxony(utc_now())).names):
        token = ""
        while True:
            page, token = await names_of(f"regions/{region}", token)
            names.update(page)
            if not token:
                break
    return names


async def import_directory(
    stub: "DirectoryServiceAsyncStub", region: str, seed: Seed, *, publish: bool, parallel: int = 4
) -> ImportReport:
    """Import all of `seed` into the directory of `region`, at most `parallel` calls at a time."""
    report = ImportReport()
    importer = _Importer(region, report, asyncio.Semaphore(parallel))
    await importer.bring("partners", Partners(stub), [item for item in seed.partners if not item[1].parent])
    await importer.bring("partners", Partners(stub), [item for item in seed.partners if item[1].parent])
    await importer.bring("sites", Sites(stub), seed.sites)
    offers = Offers(stub, today_in_saxony(utc_now()))
    await importer.bring("offers", offers, seed.offers, offers.publish if publish else None)
    return report


class _Importer:
    def __init__(self, region: str, report: ImportReport, gate: asyncio.Semaphore) -> None:
        self._parent = f"regions/{region}"
        self._report = report
        self._gate = gate

    async def bring(
        self,
        collection: str,
        calls: Collection[R],
        items: Sequence[tuple[str, R]],
        afterwards: Callable[[R], Awaitable[bool]] | None = None,
    ) -> None:
        async def one(record_id: str, record: R) -> None:
            async with self._gate:
                try:
                    stored, outcome = await self._store(collection, calls, record_id, record)
                    self._report.count(outcome)
                    if afterwards and await afterwards(stored):
                        self._report.published += 1
                except RpcError as error:
                    self._report.refused.append(f"{collection}/{record_id}: {explain(error)}")

        await asyncio.gather(*(one(record_id, record) for record_id, record in items))

    async def _store(self, collection: str, calls: Collection[R], record_id: str, record: R) -> tuple[R, Outcome]:
        try:
            present = await calls.get(f"{self._parent}/{collection}/{record_id}")
        except RpcError as error:
            if error.reason != "RESOURCE_NOT_FOUND":
                raise
            return await calls.create(self._parent, record_id, record), "created"
        if content(present) == content(record):
            return present, "unchanged"
        wanted = content(record)
        wanted.name, wanted.etag = present.name, present.etag
        return await calls.update(wanted), "updated"


class Partners:
    """Partners as a Collection."""

    def __init__(self, stub: "DirectoryServiceAsyncStub") -> None:
        self._stub = stub

    async def names(self, parent: str, page_token: str) -> tuple[list[str], str]:
        """Read a page of names, and the token of the next page."""
        request = partner_requests_pb2.ListPartnersRequest(parent=parent, page_size=PAGE, page_token=page_token)
        page = await self._stub.ListPartners(request)
        return [record.name for record in page.partners], page.next_page_token

    async def get(self, name: str) -> partner_pb2.Partner:
        """Read one."""
        return (await self._stub.GetPartner(partner_requests_pb2.GetPartnerRequest(name=name))).partner

    async def create(self, parent: str, record_id: str, record: partner_pb2.Partner) -> partner_pb2.Partner:
        """Create one."""
        request = partner_requests_pb2.CreatePartnerRequest(parent=parent, partner_id=record_id, partner=record)
        return (await self._stub.CreatePartner(request)).partner

    async def update(self, record: partner_pb2.Partner) -> partner_pb2.Partner:
        """Replace one."""
        request = partner_requests_pb2.UpdatePartnerRequest(partner=record, update_mask=FieldMask(paths=["*"]))
        return (await self._stub.UpdatePartner(request)).partner


class Sites:
    """Sites as a Collection."""

    def __init__(self, stub: "DirectoryServiceAsyncStub") -> None:
        self._stub = stub

    async def names(self, parent: str, page_token: str) -> tuple[list[str], str]:
        """Read a page of names, and the token of the next page."""
        request = site_requests_pb2.ListSitesRequest(parent=parent, page_size=PAGE, page_token=page_token)
        page = await self._stub.ListSites(request)
        return [record.name for record in page.sites], page.next_page_token

    async def get(self, name: str) -> partner_pb2.Site:
        """Read one."""
        return (await self._stub.GetSite(site_requests_pb2.GetSiteRequest(name=name))).site

    async def create(self, parent: str, record_id: str, record: partner_pb2.Site) -> partner_pb2.Site:
        """Create one."""
        request = site_requests_pb2.CreateSiteRequest(parent=parent, site_id=record_id, site=record)
        return (await self._stub.CreateSite(request)).site

    async def update(self, record: partner_pb2.Site) -> partner_pb2.Site:
        """Replace one."""
        request = site_requests_pb2.UpdateSiteRequest(site=record, update_mask=FieldMask(paths=["*"]))
        return (await self._stub.UpdateSite(request)).site


class Offers:
    """Offers as a Collection, with publishing."""

    def __init__(self, stub: "DirectoryServiceAsyncStub", today: date) -> None:
        self._stub = stub
        self._today = today

    async def names(self, parent: str, page_token: str) -> tuple[list[str], str]:
        """Read a page of names, and the token of the next page."""
        request = offer_requests_pb2.ListOffersRequest(parent=parent, page_size=PAGE, page_token=page_token)
        page = await self._stub.ListOffers(request)
        return [record.name for record in page.offers], page.next_page_token

    async def get(self, name: str) -> offer_pb2.Offer:
        """Read one."""
        return (await self._stub.GetOffer(offer_requests_pb2.GetOfferRequest(name=name))).offer

    async def create(self, parent: str, record_id: str, record: offer_pb2.Offer) -> offer_pb2.Offer:
        """Create one, as a draft."""
        request = offer_requests_pb2.CreateOfferRequest(parent=parent, offer_id=record_id, offer=record)
        return (await self._stub.CreateOffer(request)).offer

    async def update(self, record: offer_pb2.Offer) -> offer_pb2.Offer:
        """Replace one."""
        request = offer_requests_pb2.UpdateOfferRequest(offer=record, update_mask=FieldMask(paths=["*"]))
        return (await self._stub.UpdateOffer(request)).offer

    async def publish(self, record: offer_pb2.Offer) -> bool:
        """Make a draft public; one that is published already or over by now stays as it is (False)."""
        if record.state != offer_pb2.OFFER_STATE_DRAFT or is_over(record, self._today):
            return False
        await self._stub.PublishOffer(offer_requests_pb2.PublishOfferRequest(name=record.name, etag=record.etag))
        return True


def content(record: R) -> R:
    """Give a copy without what the server sets, to compare what people entered."""
    copy = type(record)()
    copy.CopyFrom(record)
    for name in OUTPUT_ONLY:
        if name in copy.DESCRIPTOR.fields_by_name:
            copy.ClearField(name)  # type: ignore[arg-type]  # the names are those of the contract, checked above
    return copy


def explain(error: RpcError) -> str:
    """Say a refusal in one line: its message, then each field with its rule."""
    rules = "; ".join(f"{violation.path}: {violation.rule}" for violation in error.fields)
    return f"{error.message}{f' ({rules})' if rules else ''} [{error.reason or error.code.name}]"
