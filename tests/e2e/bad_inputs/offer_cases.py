"""Bad inputs to the fields of an offer (reliability.md §7, "Directory")."""

from google.type import date_pb2, money_pb2

from lotse.common.v1 import contact_pb2
from lotse.directory.v1 import offer_pb2
from tests.e2e.bad_inputs.case import CANARY, OFFER, PARENT, SITE, bad_offer, offer, text

Contact = contact_pb2.ContactPoint
Period = contact_pb2.OpeningPeriod
MONDAY = contact_pb2.WEEKDAY_MONDAY
FOREIGN = "regions/leipzig"


TEXTS = [
    bad_offer("offer-without-kind", offer(kind=0), "offer.kind"),
    bad_offer("offer-kind-unknown", offer(kind=99), "offer.kind"),
    bad_offer("offer-scope-missing", offer(scope=0), "offer.scope"),
    bad_offer("offer-partner-missing", offer(partner=""), "offer.partner"),
    bad_offer("offer-partner-is-a-site", offer(partner=SITE), "offer.partner"),
    bad_offer("offer-partner-path-climbs", offer(partner="regions/../partners/x"), "offer.partner"),
    bad_offer("offer-partner-look-alike", offer(partner=f"{PARENT}/partners/wеlcome"), "offer.partner"),
    bad_offer("title-empty", offer(texts=[text(title="")]), "offer.texts[0].title"),
    bad_offer("title-over-200", offer(texts=[text(title=CANARY * 20)]), "offer.texts[0].title"),
    bad_offer("title-with-nul", offer(texts=[text(title=f"{CANARY}\x00")]), "offer.texts[0].title"),
    bad_offer("title-with-bidi-override", offer(texts=[text(title=f"{CANARY}\u202e")]), "offer.texts[0].title"),
    bad_offer("title-with-zero-width", offer(texts=[text(title=f"{CANARY}\u200b")]), "offer.texts[0].title"),
    bad_offer("title-with-line-break", offer(texts=[text(title=f"{CANARY}\nzwei")]), "offer.texts[0].title"),
    bad_offer("title-with-markup", offer(texts=[text(title=f"<b>{CANARY}</b>")]), "offer.texts[0].title"),
    bad_offer("summary-over-500", offer(texts=[text(summary="x" * 501)]), "offer.texts[0].summary"),
    bad_offer("description-over-8000", offer(texts=[text(description="x" * 8001)]), "offer.texts[0].description"),
    bad_offer(
        "description-with-script",
        offer(texts=[text(description=f"<script>{CANARY}</script>")]),
        "offer.texts[0].description",
    ),
    bad_offer("language-three-letters", offer(texts=[text(language_code="deu")]), "offer.texts[0].language_code"),
    bad_offer("language-unknown", offer(texts=[text(language_code="xx")]), "offer.texts[0].language_code"),
    bad_offer("language-upper-case", offer(texts=[text(language_code="DE")]), "offer.texts[0].language_code"),
    bad_offer("language-too-long", offer(texts=[text(language_code="de-DE-1996-x")]), "offer.texts[0].language_code"),
    bad_offer("language-twice", offer(texts=[text(), text(title="Noch einmal")]), "offer.texts[1]"),
    bad_offer("forty-one-texts", offer(texts=[text()] * 41), "offer.texts"),
    bad_offer("source-revision-negative", offer(texts=[text(source_revision=-1)]), "offer.texts[0].source_revision"),
]

FIELDS = [
    bad_offer("topic-with-space", offer(topics=["job search"]), "offer.topics[0]"),
    bad_offer("topic-twice", offer(topics=["job-search", "job-search"]), "offer.topics"),
    bad_offer("thirty-one-topics", offer(topics=[f"topic-{number}" for number in range(31)]), "offer.topics"),
    bad_offer("audience-unspecified", offer(audiences=[0]), "offer.audiences[0]"),
    bad_offer("audience-twice", offer(audiences=[1, 1]), "offer.audiences"),
    bad_offer("target-group-unknown", offer(target_groups=[77]), "offer.target_groups[0]"),
    bad_offer(
        "district-four-digits",
        offer(catchment=contact_pb2.Catchment(district_codes=["1461"])),
        "offer.catchment.district_codes[0]",
    ),
    bad_offer(
        "postcodes-turned-round",
        offer(
            catchment=contact_pb2.Catchment(postcode_ranges=[contact_pb2.PostcodeRange(first="09999", last="01067")])
        ),
        "offer.catchment.postcode_ranges[0]",
    ),
    bad_offer(
        "postcode-four-digits",
        offer(catchment=contact_pb2.Catchment(postcode_ranges=[contact_pb2.PostcodeRange(first="1067", last="01067")])),
        "offer.catchment.postcode_ranges[0].first",
    ),
    bad_offer(
        "consultation-mode-missing",
        offer(consultation_languages=[offer_pb2.ConsultationLanguage(language_code="uk")]),
        "offer.consultation_languages[0].mode",
    ),
    bad_offer("format-unknown", offer(formats=[9]), "offer.formats[0]"),
    bad_offer(
        "free-but-with-a-price",
        offer(cost=offer_pb2.Cost(kind=offer_pb2.COST_KIND_FREE, amount=money_pb2.Money(currency_code="EUR", units=5))),
        "offer.cost.amount",
    ),
    bad_offer(
        "price-negative",
        offer(
            cost=offer_pb2.Cost(kind=offer_pb2.COST_KIND_PAID, amount=money_pb2.Money(currency_code="EUR", units=-5))
        ),
        "offer.cost.amount",
    ),
    bad_offer(
        "price-in-another-currency",
        offer(cost=offer_pb2.Cost(kind=offer_pb2.COST_KIND_PAID, amount=money_pb2.Money(currency_code="XXX", units=5))),
        "offer.cost.amount",
    ),
    bad_offer(
        "prerequisite-of-nothing",
        offer(prerequisites=[offer_pb2.Prerequisite(state=offer_pb2.PREREQUISITE_STATE_STARTED)]),
        "offer.prerequisites[0]",
    ),
    bad_offer(
        "prerequisite-of-both",
        offer(prerequisites=[offer_pb2.Prerequisite(topic="recognition", offer=OFFER, state=1)]),
        "offer.prerequisites[0]",
    ),
    bad_offer(
        "prerequisite-state-missing",
        offer(prerequisites=[offer_pb2.Prerequisite(topic="recognition")]),
        "offer.prerequisites[0].state",
    ),
    bad_offer("capacity-zero", offer(capacity=offer_pb2.Capacity(places_total=0)), "offer.capacity.places_total"),
    bad_offer(
        "capacity-negative-free",
        offer(capacity=offer_pb2.Capacity(places_total=5, places_free=-1)),
        "offer.capacity.places_free",
    ),
    bad_offer(
        "capacity-more-free-than-places",
        offer(capacity=offer_pb2.Capacity(places_total=5, places_free=6)),
        "offer.capacity",
    ),
    bad_offer("day-does-not-exist", offer(valid_from=date_pb2.Date(year=2026, month=2, day=30)), "offer.valid_from"),
    bad_offer("day-without-month", offer(valid_until=date_pb2.Date(year=2026)), "offer.valid_until"),
    bad_offer(
        "end-before-start",
        offer(
            valid_from=date_pb2.Date(year=2026, month=5, day=2), valid_until=date_pb2.Date(year=2026, month=5, day=1)
        ),
        "offer.valid_until",
    ),
    bad_offer("rhythm-unknown", offer(review_rhythm=42), "offer.review_rhythm"),
    bad_offer("provenance-over-300", offer(provenance="x" * 301), "offer.provenance"),
]


CASES = [*TEXTS, *FIELDS]
