"""`ports.Counters` over the search API, asked as one more caller of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import structlog

from lotse.directory.v1 import offer_pb2
from lotse.directory.v1.partner_pb2 import Audience as AudienceNumber
from lotse.search.v1 import search_pb2, search_service_pb2
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.errors import ComeBackLater
from services.common.rpc.client import RpcError
from services.referral.convert.enums import number_of
from services.referral.convert.offers import counter_from
from services.referral.domain.routing import Counter, Found, Question, Scope
from services.referral.domain.values import Audience

log = structlog.get_logger(__name__)

_PAGE = 50
"""The search's largest page: enough to rank from."""
_MOST_TEXT = 400
"""Longest question that the search takes (search_service.proto)."""


class SearchCounters:
    """Asks the search; the stub brings deadline and token along."""

    def __init__(self, stub: SearchServiceStub) -> None:
        self._stub: Any = stub

    async def find(self, question: Question) -> Found:
        """Ask by the person's own words, and by the topics that staff has set; what both find comes first."""
        by_topic = await self._search(question, topics=question.topics) if question.topics else []
        answer = await self._ask(_request(question, text=question.text[:_MOST_TEXT]))
        by_words = _counters(answer)
        words = {counter.offer: counter for counter in by_words}
        merged = {one.offer: words.get(one.offer, one) for one in by_topic if one.offer in words}
        for counter in (*by_topic, *by_words):
            merged.setdefault(counter.offer, counter)
        return Found(tuple(merged.values()), tuple(concept.id for concept in answer.understanding.concepts))

    async def statewide(self, question: Question) -> Sequence[Counter]:
        """Ask for hotlines; where there is none for all of Saxony, for counselling."""
        for kind in (offer_pb2.OFFER_KIND_HOTLINE, offer_pb2.OFFER_KIND_COUNSELLING):
            found = await self._search(question, kinds=(kind,))
            reaching = [one for one in found if one.scope in {Scope.SAXONY, Scope.FEDERAL} and one.published]
            if reaching:
                # Why a list by kind was found tells nobody anything.
                return [replace(one, why=()) for one in reaching]
        return []

    async def giving(self, topic: str, question: Question) -> tuple[str, Sequence[Counter]]:
        """Ask for offers of the topic, with the topic's label."""
        answer = await self._ask(_request(question, topics=(topic,), facets=(search_pb2.FACET_FIELD_TOPIC,)))
        labels = {value.value: value.label for facet in answer.facets for value in facet.values}
        return labels.get(topic, topic), [one for one in _counters(answer) if topic in one.topics]

    async def offer(self, name: str) -> Counter | None:
        """Ask for one offer."""
        try:
            answer = await self._stub.GetOffer(search_service_pb2.GetOfferRequest(name=name))
        except RpcError as error:
            if error.reason == "RESOURCE_NOT_FOUND":
                return None
            raise _away(error) from error
        return counter_from(answer.entry, answer.automatic_topics)

    async def _search(
        self, question: Question, *, text: str = "", topics: Sequence[str] = (), kinds: Sequence[int] = ()
    ) -> list[Counter]:
        return _counters(await self._ask(_request(question, text=text, topics=topics, kinds=kinds)))

    async def _ask(self, request: search_service_pb2.SearchOffersRequest) -> search_service_pb2.SearchOffersResponse:
        try:
            answer: search_service_pb2.SearchOffersResponse = await self._stub.SearchOffers(request)
        except RpcError as error:
            raise _away(error) from error
        return answer


class NoSearch:
    """Stands in where no search is set: nothing can be recommended, and nothing is known of offers."""

    async def find(self, question: Question) -> Found:
        """Refuse."""
        raise _unset()

    async def statewide(self, question: Question) -> Sequence[Counter]:
        """Refuse."""
        raise _unset()

    async def giving(self, topic: str, question: Question) -> tuple[str, Sequence[Counter]]:
        """Refuse."""
        raise _unset()

    async def offer(self, name: str) -> Counter | None:
        """Refuse."""
        raise _unset()


def _request(
    question: Question,
    *,
    text: str = "",
    topics: Sequence[str] = (),
    kinds: Sequence[int] = (),
    facets: Sequence[int] = (),
) -> search_service_pb2.SearchOffersRequest:
    audiences = [] if question.audience is Audience.UNSPECIFIED else [question.audience]
    asked = search_pb2.OfferFilter(
        topics=topics,
        audiences=[number_of(audience, AudienceNumber.DESCRIPTOR) for audience in audiences],
        kinds=kinds,  # type: ignore[arg-type]  # numbers of the enum
    )
    return search_service_pb2.SearchOffersRequest(
        text=text,
        language_code=question.answer_language,
        filter=asked,
        caller_district_code=question.district_code,
        page_size=_PAGE,
        facets=facets,  # type: ignore[arg-type]  # same
    )


def _counters(answer: search_service_pb2.SearchOffersResponse) -> list[Counter]:
    return [
        counter_from(hit.entry, hit.automatic_topics, [why.text for why in hit.why if why.text]) for hit in answer.hits
    ]


def _away(error: RpcError) -> ComeBackLater:
    # Whatever ails it, our caller can only come back; what it was is for the log, which never holds the question.
    log.warning("search.refused", code=error.code.name, reason=error.reason)
    return ComeBackLater("SEARCH_ENGINE_UNAVAILABLE", "the search does not answer", retry_seconds=1.0)


def _unset() -> ComeBackLater:
    return ComeBackLater("SEARCH_ENGINE_UNAVAILABLE", "this node has no search", retry_seconds=60.0)
