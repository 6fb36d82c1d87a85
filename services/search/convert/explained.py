"""From stored entries to what ExplainOffer looks at, and from an explanation to its answer."""

from lotse.directory.v1 import directory_events_pb2, offer_pb2
from lotse.search.v1 import explain_pb2, search_pb2
from services.search.convert.answers import region_coverage, understanding
from services.search.convert.entries import stored_document
from services.search.convert.requests import DEFAULT_LANGUAGE, named_offer, offer_filter
from services.search.domain.explaining import ExplainedOffer
from services.search.domain.explanation import ExplainRequest, Explanation, NearOffer, ToldFinding, ToldStep
from services.search.domain.labels import primary
from services.search.domain.offers import OfferKey, StoredEntry
from services.search.domain.ranking import Why
from services.search.domain.searching import SearchRequest
from services.search.domain.steps import DECIDED, STARTED, Prerequisite


class EntryReader:
    """`ports.ReadsEntries` on the entries as nodes publish them; they were checked when they were read."""

    def offer(self, stored: StoredEntry) -> ExplainedOffer:
        """Read all that the rules look at."""
        capacity = directory_events_pb2.OfferEntry.FromString(stored.body).offer.capacity
        return ExplainedOffer(
            document=stored_document(stored.key, stored.body, stored.automatic_topics),
            places_free=capacity.places_free,
            places_total=capacity.places_total,
            prerequisites=self.prerequisites(stored.body),
        )

    def prerequisites(self, entry: bytes) -> tuple[Prerequisite, ...]:
        """Read which steps an offer requires."""
        offer = directory_events_pb2.OfferEntry.FromString(entry).offer
        return tuple(_prerequisite(one) for one in offer.prerequisites)

    def title(self, entry: bytes, language: str) -> str:
        """Give an offer's title in a language, else in German, else the first."""
        return _title(directory_events_pb2.OfferEntry.FromString(entry), language)

    def key(self, name: str) -> OfferKey:
        """Take the resource name of an offer apart; raises INVALID_FIELD."""
        return named_offer(name)


def explain_request(request: explain_pb2.ExplainOfferRequest) -> ExplainRequest:
    """Read which offer is asked about, and the question; raises INVALID_FIELD."""
    search = SearchRequest(
        text=request.text,
        language=request.language_code or DEFAULT_LANGUAGE,
        filter=offer_filter(request.filter),
        caller_district=request.caller_district_code,
    )
    return ExplainRequest(named_offer(request.name), search, tuple(request.completed_topics))


def explain_response(told: Explanation) -> explain_pb2.ExplainOfferResponse:
    """Write an explanation."""
    return explain_pb2.ExplainOfferResponse(
        shown=bool(told.place),
        place=told.place,
        title=told.title,
        rules=map(_finding, told.rules),
        why=map(_why, told.why),
        why_not=told.why_not,
        nearest=[_near(one, told.language) for one in told.nearest],
        missing_steps=[_step(step, told.language) for step in told.missing_steps],
        understanding=understanding(told.understood),
        coverage=region_coverage(told.coverage),
    )


def _prerequisite(given: offer_pb2.Prerequisite) -> Prerequisite:
    state = DECIDED if given.state == offer_pb2.PREREQUISITE_STATE_DECIDED else STARTED
    return Prerequisite(given.topic, given.offer, state, given.hard, given.evidence)


def _finding(told: ToldFinding) -> explain_pb2.RuleFinding:
    finding = told.finding
    return explain_pb2.RuleFinding(
        rule=explain_pb2.Rule.Value(finding.rule.value),
        outcome=explain_pb2.RuleOutcome.Value(finding.outcome.value),
        text=told.text,
        concept_id=finding.concept_id,
    )


def _why(why: Why) -> search_pb2.Why:
    return search_pb2.Why(kind=search_pb2.WhyKind.Value(why.kind.value), concept_id=why.concept_id, text=why.text)


def _near(offer: NearOffer, language: str) -> explain_pb2.NearOffer:
    entry = directory_events_pb2.OfferEntry.FromString(offer.entry)
    return explain_pb2.NearOffer(
        name=offer.key.name,
        title=_title(entry, language),
        partner=entry.partner.display_name,
        why=map(_why, offer.why),
    )


def _step(step: ToldStep, language: str) -> explain_pb2.MissingStep:
    return explain_pb2.MissingStep(
        topic=step.topic,
        offer=step.offer,
        label=step.label,
        text=step.text,
        hard=step.hard,
        evidence=step.evidence,
        counters=[_near(one, language) for one in step.counters],
    )


def _title(entry: directory_events_pb2.OfferEntry, language: str) -> str:
    titles = {primary(text.language_code): text.title for text in reversed(entry.offer.texts)}
    first = entry.offer.texts[0].title if entry.offer.texts else ""
    return titles.get(primary(language)) or titles.get(DEFAULT_LANGUAGE) or first
