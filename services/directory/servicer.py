"""Guarantees that each method of the contract is one use case: convert, call, convert."""
# ruff: noqa: N802 - gRPC names the methods; the contract's comments describe them
# ruff: noqa: D102

from typing import Any

from lotse.directory.v1 import offer_requests_pb2 as offers
from lotse.directory.v1 import partner_requests_pb2 as partners
from lotse.directory.v1 import site_requests_pb2 as sites
from lotse.directory.v1.directory_service_pb2_grpc import DirectoryServiceServicer
from services.common.errors import invalid
from services.common.paging import page_size_of
from services.directory.calls import Calls
from services.directory.convert import (
    listed_kind,
    listed_states,
    offer_message,
    partner_message,
    records_of,
    revision_message,
    site_message,
)
from services.directory.domain.listing import Query
from services.directory.domain.offer import Offer
from services.directory.handlers import offers as lifecycle
from services.directory.handlers.kinds import OFFERS, PARTNERS, SITES
from services.directory.ports import Work
from services.directory.resources import Resource

Context = Any
"""gRPC's context; everything a method needs of the call is in `current_call()`."""


class DirectoryServicer(DirectoryServiceServicer):
    """The service over one store."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._partners = Resource(calls, PARTNERS, "partner", partner_message)
        self._sites = Resource(calls, SITES, "site", site_message)
        self._offers = Resource(calls, OFFERS, "offer", offer_message)

    async def CreatePartner(
        self, request: partners.CreatePartnerRequest, context: Context
    ) -> partners.CreatePartnerResponse:
        return await self._partners.create(request, partners.CreatePartnerResponse)

    async def GetPartner(self, request: partners.GetPartnerRequest, context: Context) -> partners.GetPartnerResponse:
        return await self._partners.get(request, partners.GetPartnerResponse)

    async def ListPartners(
        self, request: partners.ListPartnersRequest, context: Context
    ) -> partners.ListPartnersResponse:
        query = Query(kind=listed_kind(request))
        return await self._partners.page(request, partners.ListPartnersResponse, query)

    async def UpdatePartner(
        self, request: partners.UpdatePartnerRequest, context: Context
    ) -> partners.UpdatePartnerResponse:
        return await self._partners.update(request, partners.UpdatePartnerResponse)

    async def DeletePartner(
        self, request: partners.DeletePartnerRequest, context: Context
    ) -> partners.DeletePartnerResponse:
        return await self._partners.delete(request, partners.DeletePartnerResponse)

    async def UndeletePartner(
        self, request: partners.UndeletePartnerRequest, context: Context
    ) -> partners.UndeletePartnerResponse:
        return await self._partners.undelete(request, partners.UndeletePartnerResponse)

    async def CreateSite(self, request: sites.CreateSiteRequest, context: Context) -> sites.CreateSiteResponse:
        return await self._sites.create(request, sites.CreateSiteResponse)

    async def GetSite(self, request: sites.GetSiteRequest, context: Context) -> sites.GetSiteResponse:
        return await self._sites.get(request, sites.GetSiteResponse)

    async def ListSites(self, request: sites.ListSitesRequest, context: Context) -> sites.ListSitesResponse:
        query = Query(partner=self._own_partner(request.partner), district_code=request.district_code)
        return await self._sites.page(request, sites.ListSitesResponse, query)

    async def UpdateSite(self, request: sites.UpdateSiteRequest, context: Context) -> sites.UpdateSiteResponse:
        return await self._sites.update(request, sites.UpdateSiteResponse)

    async def DeleteSite(self, request: sites.DeleteSiteRequest, context: Context) -> sites.DeleteSiteResponse:
        return await self._sites.delete(request, sites.DeleteSiteResponse)

    async def UndeleteSite(self, request: sites.UndeleteSiteRequest, context: Context) -> sites.UndeleteSiteResponse:
        return await self._sites.undelete(request, sites.UndeleteSiteResponse)

    async def CreateOffer(self, request: offers.CreateOfferRequest, context: Context) -> offers.CreateOfferResponse:
        return await self._offers.create(request, offers.CreateOfferResponse)

    async def GetOffer(self, request: offers.GetOfferRequest, context: Context) -> offers.GetOfferResponse:
        return await self._offers.get(request, offers.GetOfferResponse)

    async def ListOffers(self, request: offers.ListOffersRequest, context: Context) -> offers.ListOffersResponse:
        query = Query(
            partner=self._own_partner(request.partner),
            states=listed_states(request),
            topic=request.topic,
            kind=listed_kind(request),
            review_due_by=self._calls.today() if request.review_due else None,
        )
        return await self._offers.page(request, offers.ListOffersResponse, query)

    async def UpdateOffer(self, request: offers.UpdateOfferRequest, context: Context) -> offers.UpdateOfferResponse:
        return await self._offers.update(request, offers.UpdateOfferResponse)

    async def DeleteOffer(self, request: offers.DeleteOfferRequest, context: Context) -> offers.DeleteOfferResponse:
        return await self._offers.delete(request, offers.DeleteOfferResponse)

    async def UndeleteOffer(
        self, request: offers.UndeleteOfferRequest, context: Context
    ) -> offers.UndeleteOfferResponse:
        return await self._offers.undelete(request, offers.UndeleteOfferResponse)

    async def PublishOffer(self, request: offers.PublishOfferRequest, context: Context) -> offers.PublishOfferResponse:
        return await self._offers.step(request, offers.PublishOfferResponse, lifecycle.publish_offer)

    async def PauseOffer(self, request: offers.PauseOfferRequest, context: Context) -> offers.PauseOfferResponse:
        return await self._offers.step(request, offers.PauseOfferResponse, lifecycle.pause_offer)

    async def EndOffer(self, request: offers.EndOfferRequest, context: Context) -> offers.EndOfferResponse:
        return await self._offers.step(request, offers.EndOfferResponse, lifecycle.end_offer)

    async def ConfirmOffer(self, request: offers.ConfirmOfferRequest, context: Context) -> offers.ConfirmOfferResponse:
        return await self._offers.step(request, offers.ConfirmOfferResponse, lifecycle.confirm_offer)

    async def ListOfferRevisions(
        self, request: offers.ListOfferRevisionsRequest, context: Context
    ) -> offers.ListOfferRevisionsResponse:
        offer_id = self._calls.own_id(request.parent, OFFERS, "parent")
        before = self._calls.read_token(request) if request.page_token else None
        async with self._calls.reading() as store:
            found, rest = await lifecycle.list_revisions(store, offer_id, before, page_size_of(request.page_size))
        token = self._calls.write_token(request, rest) if rest is not None else ""
        return offers.ListOfferRevisionsResponse(revisions=map(revision_message, found), next_page_token=token)

    async def BatchCreateOffers(
        self, request: offers.BatchCreateOffersRequest, context: Context
    ) -> offers.BatchCreateOffersResponse:
        self._calls.own_region(request.parent)
        _refuse_own_rules(request)
        read = records_of(Offer, [(each.offer, f"requests[{n}].offer") for n, each in enumerate(request.requests)])
        drafts = [(each.offer_id, draft) for each, draft in zip(request.requests, read, strict=True)]

        async def effect(work: Work) -> offers.BatchCreateOffersResponse:
            created = await lifecycle.create_offers(work, drafts)
            return offers.BatchCreateOffersResponse(offers=map(offer_message, created))

        return await self._calls.write(request, offers.BatchCreateOffersResponse, effect)

    def _own_partner(self, name: str) -> str:
        if name:
            self._calls.own_id(name, PARTNERS, "partner")
        return name


def _refuse_own_rules(request: offers.BatchCreateOffersRequest) -> None:
    """Refuse parts of a batch that go somewhere else, or want a request_id or a dry run of their own."""
    faults: list[tuple[str, str]] = []
    for place, each in enumerate(request.requests):
        path = f"requests[{place}]"
        faults += [(f"{path}.parent", "must be the batch's parent")] * (each.parent != request.parent)
        faults += [(f"{path}.request_id", "must be unset in a batch")] * bool(each.request_id)
        faults += [(f"{path}.validate_only", "must be unset in a batch")] * each.validate_only
    if faults:
        raise invalid(*faults)
