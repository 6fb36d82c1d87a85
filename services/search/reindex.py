"""Guarantees a rebuilt index that misses nothing: filled from the inbox while changes flow into old and new alike.

Needs neither hub nor owners, works on a wiped engine, and takes the old index's place in one step.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from services.search.convert.entries import stored_document, stored_topic_text
from services.search.domain.offers import AutomaticTopic, IndexChange, OfferKey, StoredEntry
from services.search.ports import EntryStore, IndexGenerations
from services.search.tagging import TopicTagger

log = structlog.get_logger(__name__)

PAGE = 1_000
"""Documents per bulk request: fastest of those tried (search-engine.md, "Limits measured")."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did."""

    index: str
    records: int
    """Offers in the index, deleted ones too."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """One page, ready to be sent, with topics that had to be found anew."""

    lines: list[bytes]
    found: dict[OfferKey, tuple[AutomaticTopic, ...]]


class Rebuild:
    """Builds a new index from the inbox; one at a time in a process, the last one wins between processes."""

    def __init__(self, entries: EntryStore, generations: IndexGenerations, tagger: TopicTagger) -> None:
        self._entries = entries
        self._generations = generations
        self._tagger = tagger
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> Rebuilt:
        """Rebuild now. Raises ComeBackLater when engine or database are away, RebuildFailed when records are missing.

        Whatever happens, the index before it is served until the new one is whole.
        """
        async with self._one_at_a_time:
            name = await self._generations.begin()
            log.info("index.begun", index=name)
            sent = await self._fill(name)
            held = await self._generations.finish(name, at_least=sent)
            log.info("index.served", index=name, records=held)
            return Rebuilt(name, held)

    async def _fill(self, name: str) -> int:
        """Send all pages; gives how many records the new index must hold."""
        sent = 0
        waiting: asyncio.Task[int] | None = None
        try:
            async for page in self._entries.pages(PAGE):
                prepared = await asyncio.to_thread(self._prepare, page)
                if prepared.found:
                    await self._entries.remember_topics(prepared.found, self._tagger.fingerprint)
                # The engine works on one page while the next is read and prepared.
                if waiting is not None:
                    sent -= await waiting
                waiting = asyncio.create_task(self._generations.fill(name, prepared.lines))
                sent += len(page)
            return sent - (await waiting if waiting is not None else 0)
        finally:
            if waiting is not None and not waiting.done():
                waiting.cancel()
                await asyncio.wait([waiting])

    def _prepare(self, page: Sequence[StoredEntry]) -> _Lines:
        found: dict[OfferKey, tuple[AutomaticTopic, ...]] = {}
        lines = [self._generations.serialise(self._change(entry, found)) for entry in page]
        return _Lines(lines, found)

    def _change(self, entry: StoredEntry, found: dict[OfferKey, tuple[AutomaticTopic, ...]]) -> IndexChange:
        if entry.deleted:
            return IndexChange(entry.key, entry.version, None)
        topics = entry.automatic_topics
        if entry.topics_by != self._tagger.fingerprint:
            topics = found[entry.key] = self._tagger.topics_of(*stored_topic_text(entry.body))
        return IndexChange(entry.key, entry.version, stored_document(entry.key, entry.body, topics))
