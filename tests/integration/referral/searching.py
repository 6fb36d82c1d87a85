"""A search service for tests: answers over real gRPC from a list of offers, by topic, kind and audience."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc

from lotse.common.v1.contact_pb2 import Catchment
from lotse.common.v1.text_pb2 import LocalizedText
from lotse.directory.v1 import offer_pb2, partner_pb2
from lotse.directory.v1.directory_events_pb2 import OfferEntry
from lotse.search.v1 import search_pb2, search_service_pb2
from lotse.search.v1.search_service_pb2_grpc import SearchServiceServicer, add_SearchServiceServicer_to_server
from services.referral.settings import SearchSettings


def entry(name: str, *topics: str, district: str = "14713", **fields: Any) -> OfferEntry:
    given: dict[str, Any] = {
        "name": name,
        "state": offer_pb2.OFFER_STATE_PUBLISHED,
        "kind": offer_pb2.OFFER_KIND_COUNSELLING,
        "scope": offer_pb2.OFFER_SCOPE_REGION,
        "topics": topics,
        "audiences": [partner_pb2.AUDIENCE_PERSON],
        "catchment": Catchment(district_codes=[district]),
        "texts": [LocalizedText(language_code="de", title=name)],
    }
    return OfferEntry(offer=offer_pb2.Offer(**given | fields))


def needing(topic: str, *, hard: bool = True) -> offer_pb2.Prerequisite:
    return offer_pb2.Prerequisite(topic=topic, state=offer_pb2.PREREQUISITE_STATE_DECIDED, hard=hard)


class CannedSearch(SearchServiceServicer):
    """Knows these offers; understands every text as `concept`."""

    def __init__(self, offers: Iterable[OfferEntry], concept: str = "") -> None:
        self.offers = {one.offer.name: one for one in offers}
        self.concept = concept
        self.asked: list[search_service_pb2.SearchOffersRequest] = []

    async def SearchOffers(self, request: Any, context: Any) -> search_service_pb2.SearchOffersResponse:  # noqa: N802
        self.asked.append(request)
        found = [one for one in self.offers.values() if self._fits(one.offer, request)]
        concepts = [search_pb2.LinkedConcept(id=self.concept)] if request.text and self.concept else []
        facets = []
        if request.facets:
            values = [search_pb2.FacetValue(value=topic, label=topic.title()) for topic in request.filter.topics]
            facets = [search_pb2.Facet(field=search_pb2.FACET_FIELD_TOPIC, values=values)]
        return search_service_pb2.SearchOffersResponse(
            hits=[search_pb2.OfferHit(name=one.offer.name, entry=one) for one in found],
            understanding=search_pb2.Understanding(concepts=concepts),
            facets=facets,
        )

    async def GetOffer(self, request: Any, context: Any) -> search_service_pb2.GetOfferResponse:  # noqa: N802
        return search_service_pb2.GetOfferResponse(entry=self.offers[request.name])

    async def SuggestConcepts(self, request: Any, context: Any) -> search_service_pb2.SuggestConceptsResponse:  # noqa: N802
        return search_service_pb2.SuggestConceptsResponse()

    async def GetCoverage(self, request: Any, context: Any) -> search_service_pb2.GetCoverageResponse:  # noqa: N802
        return search_service_pb2.GetCoverageResponse()

    def _fits(self, offer: offer_pb2.Offer, request: search_service_pb2.SearchOffersRequest) -> bool:
        topics, kinds = set(request.filter.topics), set(request.filter.kinds)
        wanted = topics or ({self.concept} if request.text else set())
        return (not wanted or bool(wanted & set(offer.topics))) and (not kinds or offer.kind in kinds)


@asynccontextmanager
async def searching(search: CannedSearch, folder: Path) -> AsyncIterator[SearchSettings]:
    """Serve it, and give the settings with which a service asks it."""
    server = grpc.aio.server()
    add_SearchServiceServicer_to_server(search, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    token = folder / "search.token"
    token.write_text("lotse_x_y\n")
    try:
        yield SearchSettings(address=f"127.0.0.1:{port}", token_file=token)
    finally:
        await server.stop(0)
