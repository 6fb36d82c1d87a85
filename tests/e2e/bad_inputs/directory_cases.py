"""Bad inputs to the directory: names, requests, updates (reliability.md §7, "Directory")."""

from google.protobuf.field_mask_pb2 import FieldMask

from lotse.common.v1 import contact_pb2
from lotse.directory.v1 import offer_pb2, offer_requests_pb2, partner_requests_pb2, site_requests_pb2
from tests.e2e.bad_inputs.case import (
    CANARY,
    DIRECTORY,
    OFFER,
    PARENT,
    PARTNER,
    Case,
    invalid,
    offer,
    site,
    text,
)

Contact = contact_pb2.ContactPoint
Period = contact_pb2.OpeningPeriod
MONDAY = contact_pb2.WEEKDAY_MONDAY
FOREIGN = "regions/leipzig"


def _names() -> list[Case]:
    cases = []
    for id_, name in (
        ("empty", ""),
        ("no-region", "offers/x"),
        ("upper-case", f"{PARENT}/offers/ABC"),
        ("dots", f"{PARENT}/offers/.."),
        ("too-long", f"{PARENT}/offers/{'x' * 64}"),
        ("hyphen", f"{PARENT}/offers/-"),
        ("trailing-slash", f"{OFFER}/"),
        ("wrong-collection", PARTNER),
    ):
        cases.append(
            invalid(f"name-{id_}", DIRECTORY, "GetOffer", offer_requests_pb2.GetOfferRequest(name=name), "name")
        )
    for offer_id in ("new", "node", "bucket"):
        request = offer_requests_pb2.CreateOfferRequest(parent=PARENT, offer_id=offer_id, offer=offer())
        cases.append(invalid(f"reserved-id-{offer_id}", DIRECTORY, "CreateOffer", request, "offer_id"))
    return cases


create_offer = offer_requests_pb2.CreateOfferRequest
listing = offer_requests_pb2.ListOffersRequest
REQUESTS = [
    invalid("create-without-offer", DIRECTORY, "CreateOffer", create_offer(parent=PARENT), "offer"),
    invalid("create-without-parent", DIRECTORY, "CreateOffer", create_offer(offer=offer()), "parent"),
    invalid(
        "request-id-no-uuid",
        DIRECTORY,
        "CreateOffer",
        create_offer(parent=PARENT, offer=offer(), request_id=CANARY),
        "request_id",
    ),
    invalid(
        "request-id-upper-case",
        DIRECTORY,
        "CreateOffer",
        create_offer(parent=PARENT, offer=offer(), request_id="0193A000-0000-4000-8000-000000000001"),
        "request_id",
    ),
    invalid(
        "request-id-nil",
        DIRECTORY,
        "CreateOffer",
        create_offer(parent=PARENT, offer=offer(), request_id="00000000-0000-0000-0000-000000000000"),
        "request_id",
    ),
    invalid("page-size-negative", DIRECTORY, "ListOffers", listing(parent=PARENT, page_size=-1), "page_size"),
    invalid("order-by-unknown", DIRECTORY, "ListOffers", listing(parent=PARENT, order_by="etag"), "order_by"),
    invalid(
        "order-by-injected",
        DIRECTORY,
        "ListOffers",
        listing(parent=PARENT, order_by="title; drop table offer"),
        "order_by",
    ),
    invalid("state-unspecified", DIRECTORY, "ListOffers", listing(parent=PARENT, states=[0]), "states[0]"),
    Case(
        "page-token-forged",
        DIRECTORY,
        "ListOffers",
        listing(parent=PARENT, page_token=CANARY),
        "INVALID_ARGUMENT",
        "PAGE_TOKEN_INVALID",
    ),
    Case(
        "page-token-no-base64",
        DIRECTORY,
        "ListOffers",
        listing(parent=PARENT, page_token="§§§"),
        "INVALID_ARGUMENT",
        "PAGE_TOKEN_INVALID",
    ),
    invalid(
        "batch-of-none",
        DIRECTORY,
        "BatchCreateOffers",
        offer_requests_pb2.BatchCreateOffersRequest(parent=PARENT),
        "requests",
    ),
    invalid(
        "batch-of-101",
        DIRECTORY,
        "BatchCreateOffers",
        offer_requests_pb2.BatchCreateOffersRequest(
            parent=PARENT, requests=[create_offer(parent=PARENT, offer=offer())] * 101
        ),
        "requests",
    ),
    invalid(
        "batch-one-is-bad",
        DIRECTORY,
        "BatchCreateOffers",
        offer_requests_pb2.BatchCreateOffersRequest(
            parent=PARENT,
            requests=[
                create_offer(parent=PARENT, offer=offer()),
                create_offer(parent=PARENT, offer=offer(texts=[text(), text()])),
            ],
        ),
        "requests[1].offer.texts[1]",
    ),
]


update = offer_requests_pb2.UpdateOfferRequest
named = offer(name=OFFER, etag="x")
UPDATES = [
    invalid("update-without-etag", DIRECTORY, "UpdateOffer", update(offer=offer(name=OFFER)), "offer.etag"),
    invalid("update-without-name", DIRECTORY, "UpdateOffer", update(offer=offer(etag="x")), "offer.name"),
    invalid(
        "mask-unknown-path",
        DIRECTORY,
        "UpdateOffer",
        update(offer=named, update_mask=FieldMask(paths=[CANARY])),
        "update_mask",
    ),
    invalid(
        "mask-output-only",
        DIRECTORY,
        "UpdateOffer",
        update(offer=named, update_mask=FieldMask(paths=["revision"])),
        "update_mask",
    ),
    invalid(
        "mask-state",
        DIRECTORY,
        "UpdateOffer",
        update(offer=named, update_mask=FieldMask(paths=["state"])),
        "update_mask",
    ),
    Case("update-stale-etag", DIRECTORY, "UpdateOffer", update(offer=named), "ABORTED", "ETAG_MISMATCH"),
    Case(
        "delete-stale-etag",
        DIRECTORY,
        "DeleteOffer",
        offer_requests_pb2.DeleteOfferRequest(name=OFFER, etag="stale"),
        "ABORTED",
        "ETAG_MISMATCH",
    ),
    invalid("delete-without-etag", DIRECTORY, "DeleteOffer", offer_requests_pb2.DeleteOfferRequest(name=OFFER), "etag"),
    invalid(
        "publish-without-etag",
        DIRECTORY,
        "PublishOffer",
        offer_requests_pb2.PublishOfferRequest(name=OFFER),
        "etag",
    ),
    Case(
        "pause-stale-etag",
        DIRECTORY,
        "PauseOffer",
        offer_requests_pb2.PauseOfferRequest(name=OFFER, etag="stale"),
        "ABORTED",
        "ETAG_MISMATCH",
    ),
]


nobody, nothing = f"{PARENT}/partners/gibt-es-nicht", f"{PARENT}/offers/gibt-es-nicht"
requests = offer_requests_pb2
MISSING = [
    Case(
        "get-unknown-offer",
        DIRECTORY,
        "GetOffer",
        requests.GetOfferRequest(name=nothing),
        "NOT_FOUND",
        "RESOURCE_NOT_FOUND",
    ),
    Case(
        "end-unknown-offer",
        DIRECTORY,
        "EndOffer",
        requests.EndOfferRequest(name=nothing, etag="x"),
        "NOT_FOUND",
        "RESOURCE_NOT_FOUND",
    ),
    Case(
        "revisions-of-unknown",
        DIRECTORY,
        "ListOfferRevisions",
        requests.ListOfferRevisionsRequest(parent=nothing),
        "NOT_FOUND",
        "RESOURCE_NOT_FOUND",
    ),
    Case(
        "offer-of-unknown-partner",
        DIRECTORY,
        "CreateOffer",
        requests.CreateOfferRequest(parent=PARENT, offer=offer(partner=nobody)),
        "FAILED_PRECONDITION",
        "REFERENCE_NOT_FOUND",
    ),
    Case(
        "offer-at-unknown-site",
        DIRECTORY,
        "CreateOffer",
        requests.CreateOfferRequest(
            parent=PARENT, offer=offer(sites=[offer_pb2.OfferSite(site=f"{PARENT}/sites/gibt-es-nicht")])
        ),
        "FAILED_PRECONDITION",
        "REFERENCE_NOT_FOUND",
    ),
    Case(
        "id-is-taken",
        DIRECTORY,
        "CreateOffer",
        requests.CreateOfferRequest(parent=PARENT, offer_id="wc-dresden-jobsuche", offer=offer()),
        "ALREADY_EXISTS",
        "RESOURCE_EXISTS",
    ),
]
FOREIGN_CALLS = {
    "GetOffer": requests.GetOfferRequest(name=f"{FOREIGN}/offers/x"),
    "CreateOffer": requests.CreateOfferRequest(parent=FOREIGN, offer=offer()),
    "UpdateOffer": requests.UpdateOfferRequest(offer=offer(name=f"{FOREIGN}/offers/x", etag="x")),
    "DeleteOffer": requests.DeleteOfferRequest(name=f"{FOREIGN}/offers/x", etag="x"),
    "ListOffers": requests.ListOffersRequest(parent=FOREIGN),
    "PublishOffer": requests.PublishOfferRequest(name=f"{FOREIGN}/offers/x", etag="x"),
    "GetPartner": partner_requests_pb2.GetPartnerRequest(name=f"{FOREIGN}/partners/x"),
    "DeletePartner": partner_requests_pb2.DeletePartnerRequest(name=f"{FOREIGN}/partners/x", etag="x"),
    "CreateSite": site_requests_pb2.CreateSiteRequest(parent=FOREIGN, site=site()),
}
ELSEWHERE = [
    Case(f"foreign-region-{method}", DIRECTORY, method, request, "PERMISSION_DENIED", "FOREIGN_REGION")
    for method, request in FOREIGN_CALLS.items()
]


CASES = [*_names(), *REQUESTS, *UPDATES, *MISSING, *ELSEWHERE]
