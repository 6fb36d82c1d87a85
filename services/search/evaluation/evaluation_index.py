"""A throw-away index of a set's offers on a real engine, asked through the same code as the service's index."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from services.common.errors import ComeBackLater
from services.common.ids import new_record_id
from services.common.names import RegionId
from services.search.adapters.engine import connect_engine, engine_failures
from services.search.adapters.generations import OpenSearchGenerations
from services.search.adapters.opensearch import OpenSearchOfferIndex
from services.search.domain.offers import (
    FIRST_DAY,
    LAST_DAY,
    AutomaticTopic,
    IndexChange,
    OfferDocument,
    OfferKey,
    OfferText,
)
from services.search.domain.questions import Question
from services.search.domain.searching import SearchRequest
from services.search.domain.words import bounded_words
from services.search.evaluation.measures import DEPTH
from services.search.evaluation.records import SetOffer
from services.search.handlers.questions import question_for
from services.search.handlers.rankings import ranked
from services.search.handlers.wording import Wording, wording_of
from services.search.tagging import TopicTagger
from services.search.thesaurus import Thesaurus
from services.search.understanding import Understander
from services.search.understanding.model import Understanding

_REGION = RegionId("evaluation")
_INDEX = "lotse-evaluation"
_ENGINE_SECONDS = 30.0
_BULK = 500
_SCOPES = {"region": "OFFER_SCOPE_REGION", "saxony": "OFFER_SCOPE_SAXONY", "federal": "OFFER_SCOPE_FEDERAL"}
_FREE_WORDS = frozenset({"free", "kostenlos", "kostenfrei", "gratis", "0"})
_UPDATED = datetime(2026, 1, 1, tzinfo=UTC)

Alter = Callable[[Question], Question]
"""Takes part of a question away, to measure what that part is worth."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one question got: offer ids, best first, at most ten; and how it was understood."""

    ranking: tuple[str, ...]
    abstained: bool
    understanding: Understanding
    question: Question


@dataclass(slots=True)
class EvaluationIndex:
    """The index with what is needed to ask it."""

    client: Any
    alias: str
    index: OpenSearchOfferIndex
    understander: Understander
    wording: Wording
    today: date
    published: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Topics that publishers gave, by the set's offer id; sets have none, a region's own offers do."""
    topics: dict[str, tuple[AutomaticTopic, ...]] = field(default_factory=dict)
    """Automatic topics by the set's offer id."""
    _ids: dict[str, str] = field(default_factory=dict)
    _understood: dict[str, Understanding] = field(default_factory=dict)

    def asked_by(self, understander: Understander) -> "EvaluationIndex":
        """Give the same offers to another understander."""
        return replace(self, understander=understander, _understood={})

    async def answer(self, text: str, alter: Alter = lambda question: question) -> Answer:
        """Answer one question as the service does, from the text alone. Raises SEARCH_ENGINE_UNAVAILABLE."""
        understanding = self._understanding(text.strip())
        request = SearchRequest(text, "de", page_size=DEPTH)
        question = alter(question_for(request, understanding, self.wording, self.today, ()))
        if question.asks_for_all:
            return Answer((), True, understanding, question)
        rest, _ = await ranked(self.index, question, ())
        found = tuple(self._ids[key] for key in rest.ids[:DEPTH])
        return Answer(found, understanding.abstain, understanding, question)

    async def baseline(self, text: str) -> tuple[str, ...]:
        """Rank by BM25 over German title (twice) and text alone, any word counts. Raises SEARCH_ENGINE_UNAVAILABLE."""
        words = {"query": bounded_words(text), "fields": ["title.de^2", "description.de"], "type": "most_fields"}
        body = {"size": DEPTH, "query": {"multi_match": words}, "sort": ["_score", "key"], "_source": False}
        with engine_failures():
            answer = await self.client.search(index=self.alias, body=body)
        return tuple(self._ids[hit["_id"]] for hit in answer["hits"]["hits"])

    def _understanding(self, text: str) -> Understanding:
        """Understand each text once: switched-off parts come after it."""
        found = self._understood.get(text)
        if found is None:
            found = self._understood[text] = self.understander.understand(text)
        return found

    async def fill(self, offers: Sequence[SetOffer], tagger: TopicTagger, generations: OpenSearchGenerations) -> None:
        """Put the offers in, with the topics that are found in their texts, and serve them."""
        name = await generations.begin()
        changes = [generations.serialise(change) for change in self._changes(offers, tagger)]
        for start in range(0, len(changes), _BULK):
            await generations.fill(name, changes[start : start + _BULK])
        await generations.finish(name, len(changes))

    def _changes(self, offers: Sequence[SetOffer], tagger: TopicTagger) -> Iterator[IndexChange]:
        for number, offer in enumerate(offers):
            key = OfferKey(_REGION, f"o{number:06d}")
            self._ids[str(key)] = offer.id
            topics = tagger.topics_of(offer.title, offer.text)
            self.topics[offer.id] = topics
            document = document_of(offer, key, topics)
            yield IndexChange(key, 1, replace(document, topics=self.published.get(offer.id, ())))


@asynccontextmanager
async def running_evaluation_index(
    engine_url: str,
    offers: Sequence[SetOffer],
    understander: Understander,
    thesaurus: Thesaurus,
    today: date,
    published: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> AsyncIterator[EvaluationIndex]:
    """Index the offers while the block runs; the index is dropped at its end. Raises SEARCH_ENGINE_UNAVAILABLE."""
    async with connect_engine(engine_url, _ENGINE_SECONDS) as client:
        # An id of its own: two runs on one engine, or one beside a served index, never meet.
        alias = f"{_INDEX}-{new_record_id().hex}"
        generations = OpenSearchGenerations(client, alias, 1_000, new_record_id)
        index = OpenSearchOfferIndex(client, generations, lambda: None)
        made = EvaluationIndex(client, alias, index, understander, wording_of(thesaurus), today, published)
        try:
            await made.fill(offers, TopicTagger(understander, thesaurus), generations)
            yield made
        finally:
            # An engine that went away takes the index with it: what happened before is what the caller must hear.
            with suppress(ComeBackLater):
                for name in await generations.write_targets():
                    await generations.abandon(name)


def document_of(offer: SetOffer, key: OfferKey, topics: tuple[AutomaticTopic, ...]) -> OfferDocument:
    """Make the document of a set's offer: its site's district stands in where it names no catchment."""
    districts = offer.catchment
    if not districts and offer.scope == "region" and offer.site and offer.site.district_code:
        districts = (offer.site.district_code,)
    return OfferDocument(
        key=key,
        state="OFFER_STATE_PUBLISHED",
        kind="OFFER_KIND_UNSPECIFIED",
        scope=_SCOPES.get(offer.scope, _SCOPES["region"]),
        cost="COST_KIND_FREE" if offer.cost.casefold() in _FREE_WORDS else "COST_KIND_UNSPECIFIED",
        texts=(OfferText("de", offer.title, "", offer.text),),
        partner_names=(offer.partner,) if offer.partner else (),
        topics=(),
        automatic_topics=topics,
        audiences=tuple(f"AUDIENCE_{audience.upper()}" for audience in offer.audience),
        consultation_languages=offer.consultation_languages,
        formats=offer.format,
        districts=districts,
        locations=(),
        valid_from=FIRST_DAY,
        valid_until=LAST_DAY,
        review_due=LAST_DAY,
        update_time=_UPDATED,
        entry=b"",
    )
