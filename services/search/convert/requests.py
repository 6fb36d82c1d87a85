"""From SearchService's requests to plain values; validation rules of the proto were checked before."""

from collections.abc import Sequence

from lotse.directory.v1 import offer_pb2, partner_pb2
from lotse.search.v1 import search_pb2, search_service_pb2
from services.common.names import parse_name
from services.common.paging import page_size_of
from services.search.domain.offers import OfferKey
from services.search.domain.questions import Circle, FacetField, OfferFilter
from services.search.domain.searching import (
    DEFAULT_HITS,
    DEFAULT_SUGGESTIONS,
    MOST_HITS,
    MOST_SUGGESTIONS,
    SearchRequest,
)

DEFAULT_LANGUAGE = "de"

FACET_FIELDS = {
    search_pb2.FACET_FIELD_REGION: FacetField.REGION,
    search_pb2.FACET_FIELD_TOPIC: FacetField.TOPIC,
    search_pb2.FACET_FIELD_AUDIENCE: FacetField.AUDIENCE,
    search_pb2.FACET_FIELD_CONSULTATION_LANGUAGE: FacetField.CONSULTATION_LANGUAGE,
    search_pb2.FACET_FIELD_FORMAT: FacetField.FORMAT,
    search_pb2.FACET_FIELD_KIND: FacetField.KIND,
    search_pb2.FACET_FIELD_FREE_PLACES: FacetField.FREE_PLACES,
}


def search_request(request: search_service_pb2.SearchOffersRequest) -> SearchRequest:
    """Read a search."""
    return SearchRequest(
        text=request.text,
        language=request.language_code or DEFAULT_LANGUAGE,
        filter=offer_filter(request.filter),
        caller_district=request.caller_district_code,
        page_size=page_size_of(request.page_size, DEFAULT_HITS, MOST_HITS),
        page_token=request.page_token,
        facets=tuple(FACET_FIELDS[field] for field in request.facets),
        explain=request.explain,
    )


def offer_filter(asked: search_pb2.OfferFilter) -> OfferFilter:
    """Read a filter; enum values by name, as they stand in the index."""
    return OfferFilter(
        regions=_sorted(asked.regions),
        district_codes=_sorted(asked.district_codes),
        topics=_sorted(asked.topics),
        audiences=_sorted([partner_pb2.Audience.Name(value) for value in asked.audiences]),
        consultation_languages=_sorted(asked.consultation_languages),
        formats=_sorted([offer_pb2.OfferFormat.Name(value) for value in asked.formats]),
        kinds=_sorted([offer_pb2.OfferKind.Name(value) for value in asked.kinds]),
        free_of_charge=asked.free_of_charge,
        circle=_circle(asked.circle) if asked.HasField("circle") else None,
        only_with_free_places=asked.only_with_free_places,
    )


def offer_key(request: search_service_pb2.GetOfferRequest) -> OfferKey:
    """Read the name of one offer; raises INVALID_FIELD."""
    return named_offer(request.name)


def named_offer(name: str) -> OfferKey:
    """Take a resource name apart; raises INVALID_FIELD."""
    parsed = parse_name(name, "offers")
    return OfferKey(parsed.region, parsed.id)


def suggestion_count(request: search_service_pb2.SuggestConceptsRequest) -> int:
    """Read how many suggestions are wanted."""
    return page_size_of(request.max_results, DEFAULT_SUGGESTIONS, MOST_SUGGESTIONS)


def _sorted(values: Sequence[str]) -> tuple[str, ...]:
    """Give the values in one order: the same filter is the same question."""
    return tuple(sorted(values))


def _circle(circle: search_pb2.Circle) -> Circle:
    return Circle(circle.center.latitude, circle.center.longitude, circle.radius_km)
