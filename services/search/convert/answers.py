"""From plain values to SearchService's answers."""

from collections.abc import Iterable
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from lotse.directory.v1 import directory_events_pb2
from lotse.search.v1 import search_pb2, search_service_pb2
from services.search.convert.requests import FACET_FIELDS
from services.search.domain.coverage import RegionCoverage
from services.search.domain.highlights import without_marks
from services.search.domain.labels import district_label
from services.search.domain.offers import clear_ids
from services.search.domain.questions import FacetField
from services.search.domain.searching import (
    Highlight,
    Hit,
    LabelledConcept,
    LabelledCount,
    OfferAnswer,
    SearchAnswer,
    Suggestions,
    Understood,
)

_FACET_NUMBERS = {field: number for number, field in FACET_FIELDS.items()}


def search_response(answer: SearchAnswer) -> search_service_pb2.SearchOffersResponse:
    """Write an answer."""
    return search_service_pb2.SearchOffersResponse(
        hits=map(_hit, answer.hits),
        next_page_token=answer.next_page_token,
        total_size=answer.total,
        total_is_lower_bound=answer.total_is_lower_bound,
        understanding=understanding(answer.understood),
        facets=[_facet(field, counts) for field, counts in answer.facets],
        coverage=map(region_coverage, answer.coverage),
    )


def offer_response(answer: OfferAnswer) -> search_service_pb2.GetOfferResponse:
    """Write one offer."""
    entry = directory_events_pb2.OfferEntry.FromString(answer.stored.body)
    return search_service_pb2.GetOfferResponse(
        entry=entry,
        read_time=_timestamp(answer.stored.read_time),
        coverage=region_coverage(answer.coverage),
        automatic_topics=[
            topic for topic in clear_ids(answer.stored.automatic_topics) if topic not in entry.offer.topics
        ],
    )


def suggestions_response(found: Suggestions) -> search_service_pb2.SuggestConceptsResponse:
    """Write suggestions."""
    return search_service_pb2.SuggestConceptsResponse(
        suggestions=[
            search_pb2.ConceptSuggestion(
                id=one.id, label=one.label, language_code=one.language, german_label=one.german_label
            )
            for one in found.concepts
        ],
        places=[
            search_pb2.PlaceSuggestion(
                label=one.label,
                district_codes=one.districts,
                german_label=", ".join(map(district_label, one.districts)),
            )
            for one in found.places
        ],
        partners=[
            search_pb2.PartnerSuggestion(name=one.name, display_name=one.display_name, region=one.region)
            for one in found.partners
        ],
    )


def coverage_response(regions: Iterable[RegionCoverage]) -> search_service_pb2.GetCoverageResponse:
    """Write the freshness of all regions."""
    return search_service_pb2.GetCoverageResponse(regions=map(region_coverage, regions))


def region_coverage(coverage: RegionCoverage) -> search_pb2.RegionCoverage:
    """Write the freshness of one region."""
    facts = coverage.facts
    return search_pb2.RegionCoverage(
        region=coverage.region,
        display_name=coverage.display_name,
        state=search_pb2.CoverageState.Value(coverage.state.value),
        offers=facts.offers,
        offers_at_owner=facts.offers_at_owner,
        last_head_time=_timestamp(facts.last_head_time),
        last_change_time=_timestamp(facts.last_change_time),
        parked_messages=facts.parked_messages,
    )


def _hit(hit: Hit) -> search_pb2.OfferHit:
    message = search_pb2.OfferHit(
        name=hit.key.name,
        score=hit.score,
        why=[
            search_pb2.Why(kind=search_pb2.WhyKind.Value(why.kind.value), concept_id=why.concept_id, text=why.text)
            for why in hit.why
        ],
        review_overdue=hit.review_overdue,
        automatic_topics=hit.automatic_topics,
        score_parts=[search_pb2.ScorePart(name=part.name, score=part.score) for part in hit.score_parts],
    )
    message.entry.ParseFromString(hit.entry)
    message.highlights.extend(_highlight(highlight, message.entry) for highlight in hit.highlights)
    return message


def _highlight(highlight: Highlight, entry: directory_events_pb2.OfferEntry) -> search_pb2.Highlight:
    return search_pb2.Highlight(
        field=highlight.field,
        language_code=_language_of(highlight, entry),
        segments=[
            search_pb2.HighlightSegment(text=segment.text, emphasised=segment.emphasised)
            for segment in highlight.segments
        ],
    )


def _language_of(highlight: Highlight, entry: directory_events_pb2.OfferEntry) -> str:
    """Find which of the entry's texts was marked: a field of the index may hold several languages."""
    if highlight.field == "partner":
        return ""
    whole = "".join(segment.text for segment in highlight.segments)
    texts = entry.offer.texts
    return next((text.language_code for text in texts if without_marks(getattr(text, highlight.field)) == whole), "")


def understanding(understood: Understood) -> search_pb2.Understanding:
    """Write what was understood."""
    return search_pb2.Understanding(
        language_code=understood.language,
        concepts=map(_concept, understood.concepts),
        district_codes=understood.districts,
        abstained=understood.abstained,
        suggestions=map(_concept, understood.suggestions),
        suggested_consultation_languages=understood.consultation_languages,
        steps=[search_pb2.UnderstandingStep(name=step.name, found=step.found) for step in understood.steps],
    )


def _concept(concept: LabelledConcept) -> search_pb2.LinkedConcept:
    return search_pb2.LinkedConcept(
        id=concept.id,
        label=concept.label,
        weight=concept.weight,
        matched_label=concept.matched_label,
        matched_language_code=concept.matched_language,
    )


def _facet(field: FacetField, counts: Iterable[LabelledCount]) -> search_pb2.Facet:
    values = [search_pb2.FacetValue(value=count.value, label=count.label, count=count.count) for count in counts]
    return search_pb2.Facet(field=_FACET_NUMBERS[field], values=values)


def _timestamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
