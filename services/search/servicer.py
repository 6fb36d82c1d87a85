"""Serves lotse.search.v1.SearchService: converts, calls a handler, converts."""

from typing import Any

from lotse.search.v1 import search_service_pb2 as messages
from lotse.search.v1 import search_service_pb2_grpc
from lotse.search.v1.explain_pb2 import ExplainOfferRequest, ExplainOfferResponse
from services.common.rpc.access import EVERYBODY, Access, rows
from services.search.convert.answers import (
    coverage_response,
    offer_response,
    search_response,
    suggestions_response,
)
from services.search.convert.explained import EntryReader, explain_request, explain_response
from services.search.convert.requests import DEFAULT_LANGUAGE, offer_key, search_request, suggestion_count
from services.search.handlers.explain_offer import explain_offer
from services.search.handlers.get_coverage import get_coverage
from services.search.handlers.get_offer import get_offer
from services.search.handlers.parts import SearchParts
from services.search.handlers.search_offers import search_offers
from services.search.handlers.suggest_concepts import suggest_concepts

SERVICE = "lotse.search.v1.SearchService"
ACCESS = rows(
    SERVICE, Access(EVERYBODY, "any"), "SearchOffers", "GetOffer", "SuggestConcepts", "GetCoverage", "ExplainOffer"
)
"""Every role may read the public offers of every region."""


class SearchServicer(search_service_pb2_grpc.SearchServiceServicer):
    """The service over its parts; every promise stands in the proto."""

    def __init__(self, parts: SearchParts) -> None:
        self._parts = parts
        self._entries = EntryReader()

    async def SearchOffers(self, request: messages.SearchOffersRequest, context: Any) -> messages.SearchOffersResponse:  # noqa: N802
        """Find offers."""
        return search_response(await search_offers(search_request(request), self._parts))

    async def GetOffer(self, request: messages.GetOfferRequest, context: Any) -> messages.GetOfferResponse:  # noqa: N802
        """Read one offer."""
        return offer_response(await get_offer(offer_key(request), self._parts))

    async def ExplainOffer(self, request: ExplainOfferRequest, context: Any) -> ExplainOfferResponse:  # noqa: N802
        """Explain one offer."""
        return explain_response(await explain_offer(explain_request(request), self._entries, self._parts))

    async def SuggestConcepts(  # noqa: N802
        self, request: messages.SuggestConceptsRequest, context: Any
    ) -> messages.SuggestConceptsResponse:
        """Suggest concepts."""
        language = request.language_code or DEFAULT_LANGUAGE
        return suggestions_response(
            await suggest_concepts(request.prefix, language, suggestion_count(request), self._parts)
        )

    async def GetCoverage(self, request: messages.GetCoverageRequest, context: Any) -> messages.GetCoverageResponse:  # noqa: N802
        """Say how fresh each region is."""
        return coverage_response(await get_coverage(self._parts))
