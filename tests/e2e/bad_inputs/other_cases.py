"""Bad inputs to search and federation, and those that hold for every call (reliability.md §7)."""

from typing import Any

from google.type import latlng_pb2

from lotse.directory.v1 import directory_service_pb2, offer_requests_pb2
from lotse.federation.v1 import federation_service_pb2
from lotse.notify.v1 import notify_service_pb2
from lotse.referral.v1 import referral_service_pb2
from lotse.search.v1 import explain_pb2, search_pb2, search_service_pb2
from tests.e2e.bad_inputs.case import (
    CANARY,
    DIRECTORY,
    FEDERATION,
    NOTIFY,
    OFFER,
    PARENT,
    REFERRAL,
    SEARCH,
    Case,
    invalid,
    offer,
)

Filter = search_pb2.OfferFilter
ask = search_service_pb2.SearchOffersRequest


def search(id_: str, request: search_service_pb2.SearchOffersRequest, path: str) -> Case:
    return invalid(id_, SEARCH, "SearchOffers", request, path)


def circle(radius: int) -> search_pb2.OfferFilter:
    return Filter(circle=search_pb2.Circle(center=latlng_pb2.LatLng(latitude=51, longitude=13), radius_km=radius))


SEARCHES = [
    search("text-over-400", ask(text=CANARY * 40), "text"),
    search("language-no-tag", ask(text="x", language_code="Deutsch"), "language_code"),
    search("caller-district-letters", ask(caller_district_code="abcde"), "caller_district_code"),
    search("search-page-size-negative", ask(page_size=-5), "page_size"),
    search("facet-unspecified", ask(facets=[0]), "facets[0]"),
    search("facet-twice", ask(facets=[1, 1]), "facets"),
    search("facets-explode", ask(facets=[1, 2, 3, 4, 5, 6, 7, 8]), "facets"),
    search("filter-region-upper-case", ask(filter=Filter(regions=["Dresden"])), "filter.regions[0]"),
    search("filter-region-twice", ask(filter=Filter(regions=["dresden", "dresden"])), "filter.regions"),
    search("filter-61-regions", ask(filter=Filter(regions=[f"r{number}" for number in range(61)])), "filter.regions"),
    search("filter-district-short", ask(filter=Filter(district_codes=["146"])), "filter.district_codes[0]"),
    search("filter-topic-wildcard", ask(filter=Filter(topics=["*"])), "filter.topics[0]"),
    search("filter-audience-unknown", ask(filter=Filter(audiences=[9])), "filter.audiences[0]"),
    search(
        "filter-language-injected",
        ask(filter=Filter(consultation_languages=['de"}'])),
        "filter.consultation_languages[0]",
    ),
    search("filter-kind-unspecified", ask(filter=Filter(kinds=[0])), "filter.kinds[0]"),
    search("radius-zero", ask(filter=circle(0)), "filter.circle.radius_km"),
    search("radius-negative", ask(filter=circle(-1)), "filter.circle.radius_km"),
    search("radius-huge", ask(filter=circle(1_000_000)), "filter.circle.radius_km"),
    search("circle-without-center", ask(filter=Filter(circle=search_pb2.Circle(radius_km=5))), "filter.circle.center"),
    search(
        "circle-off-the-earth",
        ask(filter=Filter(circle=search_pb2.Circle(center=latlng_pb2.LatLng(latitude=91, longitude=0), radius_km=5))),
        "filter.circle.center",
    ),
    Case(
        "search-token-forged",
        SEARCH,
        "SearchOffers",
        ask(text="x", page_token="AAAA" * 20),
        "INVALID_ARGUMENT",
        "PAGE_TOKEN_INVALID",
    ),
    invalid("get-offer-bad-name", SEARCH, "GetOffer", search_service_pb2.GetOfferRequest(name="dresden"), "name"),
    Case(
        "get-offer-unknown",
        SEARCH,
        "GetOffer",
        search_service_pb2.GetOfferRequest(name="regions/leipzig/offers/gibt-es-nicht"),
        "NOT_FOUND",
        "RESOURCE_NOT_FOUND",
    ),
    invalid("suggest-nothing", SEARCH, "SuggestConcepts", search_service_pb2.SuggestConceptsRequest(), "prefix"),
    invalid(
        "suggest-too-long",
        SEARCH,
        "SuggestConcepts",
        search_service_pb2.SuggestConceptsRequest(prefix="x" * 101),
        "prefix",
    ),
    invalid(
        "suggest-negative",
        SEARCH,
        "SuggestConcepts",
        search_service_pb2.SuggestConceptsRequest(prefix="x", max_results=-1),
        "max_results",
    ),
]


def why(id_: str, path: str, **changes: Any) -> Case:
    request = explain_pb2.ExplainOfferRequest(**{"name": OFFER, "text": "x", **changes})
    return invalid(id_, SEARCH, "ExplainOffer", request, path)


EXPLANATIONS = [
    why("explain-nothing", "name", name=""),
    why("explain-bad-name", "name", name="dresden"),
    why("explain-a-partner", "name", name=f"{PARENT}/partners/welcome-center-dresden"),
    why("explain-text-over-400", "text", text=CANARY * 40),
    why("explain-language-no-tag", "language_code", language_code="Deutsch"),
    why("explain-district-letters", "caller_district_code", caller_district_code="abcde"),
    why("explain-filter-region-upper-case", "filter.regions[0]", filter=Filter(regions=["Dresden"])),
    why("explain-radius-zero", "filter.circle.radius_km", filter=circle(0)),
    why("explain-step-upper-case", "completed_topics[0]", completed_topics=["Recognition"]),
    why("explain-step-twice", "completed_topics", completed_topics=["recognition", "recognition"]),
    why("explain-31-steps", "completed_topics", completed_topics=[f"step-{number}" for number in range(31)]),
    Case(
        "explain-unknown",
        SEARCH,
        "ExplainOffer",
        explain_pb2.ExplainOfferRequest(name="regions/leipzig/offers/gibt-es-nicht", text=CANARY),
        "NOT_FOUND",
        "RESOURCE_NOT_FOUND",
    ),
    Case(
        "explain-unknown-region",
        SEARCH,
        "ExplainOffer",
        explain_pb2.ExplainOfferRequest(name="regions/nirgendwo/offers/gibt-es-nicht", text=CANARY),
        "NOT_FOUND",
        "RESOURCE_NOT_FOUND",
    ),
]

FEDERATIONS = [
    Case(
        "replay-unknown",
        FEDERATION,
        "ReplayParkedMessage",
        federation_service_pb2.ReplayParkedMessageRequest(id="0" * 32),
        "NOT_FOUND",
        "RESOURCE_NOT_FOUND",
        role="operator",
    ),
    Case(
        "replay-without-id",
        FEDERATION,
        "ReplayParkedMessage",
        federation_service_pb2.ReplayParkedMessageRequest(),
        "INVALID_ARGUMENT",
        "INVALID_FIELD",
        "id",
        role="operator",
    ),
    Case(
        "parked-region-upper-case",
        FEDERATION,
        "ListParkedMessages",
        federation_service_pb2.ListParkedMessagesRequest(region="Dresden"),
        "INVALID_ARGUMENT",
        "INVALID_FIELD",
        "region",
        role="operator",
    ),
    Case(
        "parked-token-forged",
        FEDERATION,
        "ListParkedMessages",
        federation_service_pb2.ListParkedMessagesRequest(page_token=CANARY),
        "INVALID_ARGUMENT",
        "PAGE_TOKEN_INVALID",
        role="operator",
    ),
    Case(
        "editor-may-not-replay",
        FEDERATION,
        "ReplayParkedMessage",
        federation_service_pb2.ReplayParkedMessageRequest(id="0" * 32),
        "PERMISSION_DENIED",
        "ROLE_NOT_ALLOWED",
        role="editor",
    ),
]

CONTRACTS = (
    directory_service_pb2,
    search_service_pb2,
    federation_service_pb2,
    referral_service_pb2,
    notify_service_pb2,
)
METHODS = {
    service.full_name: tuple(method.name for method in service.methods)
    for contract in CONTRACTS
    for service in contract.DESCRIPTOR.services_by_name.values()
}
"""Every method of every service, as the contracts have them."""
DESKS = ("ListNotifications", "WatchNotifications", "AcknowledgeNotification")


def role_for(service: str, method: str) -> str:
    """Give a role that may use the method."""
    if service == REFERRAL or (service == NOTIFY and method in DESKS):
        return "counsellor"
    return "operator" if service in {FEDERATION, NOTIFY} else "editor"


BROKEN_BYTES = {
    "truncated": b"\x0a\xff",
    "varint-over-long": b"\x08" + b"\xff" * 11,
    "wrong-wire-type": b"\x0f\x00",
    "field-number-zero": b"\x00\x01",
}


TAKEN_BY_THE_LIBRARY = {("field-number-zero", method) for method in ("GetCoverage", "GetNode", "ListPeers")}
"""protobuf keeps field number zero as an unknown field where the message has no fields at all: nothing to refuse."""


def _every_call() -> list[Case]:
    cases: list[Case] = []
    for service, methods in METHODS.items():
        for method in methods:
            role = role_for(service, method)
            cases += [
                Case(f"{method}-{name}", service, method, raw, "INVALID_ARGUMENT", "MALFORMED_REQUEST", role=role)
                for name, raw in BROKEN_BYTES.items()
                if (name, method) not in TAKEN_BY_THE_LIBRARY
            ]
            cases.append(
                Case(f"{method}-no-token", service, method, b"", "UNAUTHENTICATED", "TOKEN_MISSING", role=None)
            )
            cases.append(
                Case(
                    f"{method}-no-deadline",
                    service,
                    method,
                    b"",
                    "INVALID_ARGUMENT",
                    "DEADLINE_MISSING",
                    role=role,
                    timeout=None,
                )
            )
    return cases


get = offer_requests_pb2.GetOfferRequest(name=OFFER)
create = offer_requests_pb2.CreateOfferRequest(parent=PARENT, offer=offer())
request_id = "0193a000-0000-4000-8000-00000000c0de"
WHO_AND_WHEN = [
    Case("token-unknown", DIRECTORY, "GetOffer", get, "UNAUTHENTICATED", "TOKEN_INVALID", token="lotse_x_y"),
    Case("token-garbage", DIRECTORY, "GetOffer", get, "UNAUTHENTICATED", "TOKEN_INVALID", token=CANARY),
    Case("token-of-another-region", DIRECTORY, "GetOffer", get, "PERMISSION_DENIED", "FOREIGN_REGION", role="foreign"),
    Case("token-expired", DIRECTORY, "GetOffer", get, "UNAUTHENTICATED", "TOKEN_EXPIRED", role="expired"),
    Case(
        "hotline-may-not-write",
        DIRECTORY,
        "CreateOffer",
        create,
        "PERMISSION_DENIED",
        "ROLE_NOT_ALLOWED",
        role="hotline",
    ),
    Case(
        "operator-may-not-write",
        DIRECTORY,
        "CreateOffer",
        create,
        "PERMISSION_DENIED",
        "ROLE_NOT_ALLOWED",
        role="operator",
    ),
    Case("deadline-of-a-day", DIRECTORY, "GetOffer", get, "INVALID_ARGUMENT", "DEADLINE_TOO_LONG", timeout=86_400.0),
    Case("deadline-of-90-ms", DIRECTORY, "GetOffer", get, "DEADLINE_EXCEEDED", "DEADLINE_TOO_SHORT", timeout=0.09),
    Case(
        "request-id-with-other-content",
        DIRECTORY,
        "CreateOffer",
        offer_requests_pb2.CreateOfferRequest(parent=PARENT, offer=offer(topics=["school"]), request_id=request_id),
        "ALREADY_EXISTS",
        "REQUEST_ID_REUSED",
        twice=offer_requests_pb2.CreateOfferRequest(parent=PARENT, offer=offer(), request_id=request_id),
    ),
    Case("invalid-utf-8", DIRECTORY, "GetOffer", b"\x0a\x02\xff\xfe", "INVALID_ARGUMENT", "MALFORMED_REQUEST"),
    Case("unknown-method", DIRECTORY, "NoSuchMethod", b"", "UNIMPLEMENTED", ""),
    Case("over-1-mib", DIRECTORY, "GetOffer", b"\x0a\x80\x80\x48" + b"x" * 1_179_648, "RESOURCE_EXHAUSTED", ""),
]


CASES = [*SEARCHES, *EXPLANATIONS, *FEDERATIONS, *_every_call(), *WHO_AND_WHEN]
