"""The offer index on OpenSearch: writes with external versions, and searches in two steps.

First the order of the best, by keys alone; then the offers of one page. Asking for the page and the order at once
would run the whole query twice (measured: 31 against 21 ms).
"""

import base64
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import orjson
from opensearchpy import AsyncOpenSearch

from services.search.adapters.bulk import send_bulk
from services.search.adapters.engine import engine_failures, engine_unavailable, is_passing
from services.search.adapters.generations import OpenSearchGenerations, has_our_shape
from services.search.adapters.partners import PARTNER_PARTS, PATIENCE_SECONDS, found_partner, partners_body
from services.search.adapters.queries import WORDS, Query, facets_body, offers_body, ranking_body
from services.search.adapters.score_parts import with_named_clauses
from services.search.adapters.sources import bulk_lines
from services.search.domain.offers import IndexChange, OfferKey, parse_key
from services.search.domain.questions import FacetCount, FacetField, FoundOffer, Question, Ranking
from services.search.domain.searching import FoundPartner
from services.search.ports import IndexMissing, WriteReport, index_missing

_ALWAYS = "responses.status,responses.error.type,responses.hits.total"
_RANKING_PARTS = f"{_ALWAYS},responses.hits.hits.sort,responses.aggregations.*.buckets"
_OFFER_PARTS = f"{_ALWAYS},responses.hits.hits"
"""What is wanted of an answer: 200 hits have 40 kB of names and ids that nobody reads."""
_EXPLAINED_PARTS = "hits.hits"
_ATTEMPTS = 3
"""How often a batch follows indexes that change places while it is written."""


class OpenSearchOfferIndex:
    """`ports.OfferIndex` on OpenSearch."""

    def __init__(
        self, client: AsyncOpenSearch, generations: OpenSearchGenerations, on_missing: Callable[[], None]
    ) -> None:
        """Wire it; `on_missing` is told whenever there is no index."""
        self._client = client
        self._generations = generations
        self._on_missing = on_missing

    async def write(
        self, changes: Sequence[IndexChange], *, skip: Collection[str] = ()
    ) -> tuple[frozenset[str], WriteReport]:
        """Put changes into every index being served or built; see the port."""
        done = set(skip)
        refused: dict[OfferKey, None] = {}
        body = b"".join(map(bulk_lines, changes))
        with self._telling():
            for _ in range(_ATTEMPTS):
                left = [name for name in await self._generations.write_targets() if name not in done]
                try:
                    for name in left:
                        refused |= dict.fromkeys(await self._put(name, body))
                        done.add(name)
                except IndexMissing:
                    # It was there a moment ago: a rebuilt one took its place, so look again.
                    continue
                return frozenset(done), WriteReport(tuple(refused))
            raise index_missing()

    async def _put(self, name: str, body: bytes) -> list[OfferKey]:
        refused = await send_bulk(self._client, name, body) if body else []
        if refused and not has_our_shape(name):
            # An index of another release, next to ours while one replaces the other: its word is not final.
            raise engine_unavailable()
        return refused

    async def rank(self, question: Question, facets: tuple[FacetField, ...]) -> Ranking:
        """Ask for order and counts at once: they run side by side in the engine."""
        ranking, *counts = await self._ask(ranking_bodies(question, facets), _RANKING_PARTS)
        hits = ranking["hits"]
        return Ranking(
            ids=tuple(hit["sort"][-1] for hit in hits.get("hits", ())),
            total=hits["total"]["value"],
            total_is_lower_bound=hits["total"]["relation"] != "eq",
            facets=_counts(facets, counts[0].get("aggregations", {})) if facets else (),
        )

    async def fetch(self, question: Question, ids: Sequence[str], *, explain: bool = False) -> tuple[FoundOffer, ...]:
        """Read one page of a known order."""
        if not ids:
            return ()
        body = offers_body(question, ids)
        if explain:
            return await self._fetch_explained(body, ids)
        (answer,) = await self._ask([body], _OFFER_PARTS)
        by_id = {hit["_id"]: _found_offer(hit) for hit in answer["hits"].get("hits", ())}
        return tuple(by_id[key] for key in ids if key in by_id)

    async def _fetch_explained(self, body: Query, ids: Sequence[str]) -> tuple[FoundOffer, ...]:
        """Read a page with the score of each clause, which the engine gives to a request of its own only."""
        query, parts = with_named_clauses(body["query"])
        with self._telling(), engine_failures():
            answer = await self._client.search(
                body={**body, "query": query},
                index=self._generations.read_alias,
                filter_path=_EXPLAINED_PARTS,
                params={"include_named_queries_score": "true"},
            )
        hits = answer.get("hits", {}).get("hits", ())
        by_id = {
            hit["_id"]: replace(_found_offer(hit), score_parts=parts.of(hit.get("matched_queries", {}))) for hit in hits
        }
        return tuple(by_id[key] for key in ids if key in by_id)

    async def partners(self, question: Question, typed: str, most: int) -> tuple[FoundPartner, ...]:
        """Look partners up by the start of a name."""
        body = partners_body(question, typed, most)
        if body is None:
            return ()
        with self._telling(), engine_failures():
            answer = await self._client.search(
                body=body,
                index=self._generations.read_alias,
                filter_path=PARTNER_PARTS,
                request_timeout=PATIENCE_SECONDS,
            )
        return tuple(map(found_partner, answer.get("hits", {}).get("hits", ())))

    async def _ask(self, bodies: Sequence[Query], parts: str) -> list[Mapping[str, Any]]:
        with self._telling():
            with engine_failures():
                alias, body = self._generations.read_alias, msearch_body(bodies)
                answer = await self._client.msearch(body=body, index=alias, filter_path=parts)
            for part in answer["responses"]:
                if "error" in part:
                    raise _part_failed(part)
        return list(answer["responses"])

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except IndexMissing:
            self._on_missing()
            raise


def ranking_bodies(question: Question, facets: tuple[FacetField, ...]) -> list[Query]:
    """Give the parts of a ranking request, in the order in which their answers are read."""
    return [ranking_body(question), facets_body(question, facets)] if facets else [ranking_body(question)]


def msearch_body(bodies: Sequence[Query]) -> bytes:
    """Serialise the parts of one request, each behind an empty header: all go to the same alias."""
    return b"".join(b"{}\n%b\n" % orjson.dumps(body) for body in bodies)


def _part_failed(part: Mapping[str, Any]) -> Exception:
    """Name what is wrong with a part; the engine's text stays out, it may repeat what a person typed."""
    status = part.get("status", 500)
    if status == 404:
        return index_missing()
    if is_passing(status):
        return engine_unavailable()
    return ValueError(f"the search engine refused a query of ours: {part['error'].get('type', 'unknown')}")


def _found_offer(hit: Mapping[str, Any]) -> FoundOffer:
    source = hit["_source"]
    return FoundOffer(
        key=parse_key(hit["_id"]),
        score=hit["_score"] or 0.0,
        entry=base64.b64decode(source["entry"]),
        topics=tuple(source["topics"]),
        automatic_topics=tuple(source["automatic_topics"]),
        districts=tuple(source["districts"]),
        scope=source["scope"],
        review_due=date.fromisoformat(source["review_due"]),
        words_match=WORDS in hit.get("matched_queries", ()),
        highlights=tuple(
            (field.partition(".")[0], text) for field, texts in hit.get("highlight", {}).items() for text in texts
        ),
    )


def _counts(
    facets: tuple[FacetField, ...], aggregations: Mapping[str, Any]
) -> tuple[tuple[FacetField, tuple[FacetCount, ...]], ...]:
    return tuple(
        (
            field,
            tuple(
                FacetCount(bucket["key"], bucket["doc_count"])
                for bucket in aggregations.get(field.name, {}).get("buckets", ())
            ),
        )
        for field in facets
    )
