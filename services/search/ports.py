"""Owns what the search service needs from the world: an index, what was read so far, who belongs to the federation."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.common.errors import ComeBackLater
from services.search.domain.coverage import Membership, ReaderFacts, RegionCoverage, StoredFacts
from services.search.domain.explaining import ExplainedOffer
from services.search.domain.offers import AutomaticTopic, IndexChange, OfferKey, StoredEntry
from services.search.domain.questions import FacetField, FoundOffer, Question, Ranking
from services.search.domain.reading import Place, ReadBatch
from services.search.domain.searching import FoundPartner
from services.search.domain.steps import Prerequisite
from services.search.understanding.model import LinkedConcept, Understanding


class IndexMissing(ComeBackLater):
    """The engine answers, but the index is not there: it was wiped, or never made; a rebuild restores it."""


def index_missing() -> IndexMissing:
    """Make that error."""
    return IndexMissing("SEARCH_ENGINE_UNAVAILABLE", "the search index is being built", retry_seconds=5.0)


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What became of a batch: `refused` can never be indexed; all others are in the index, or a newer version is."""

    refused: tuple[OfferKey, ...] = ()


class OfferIndex(Protocol):
    """The index of public offers. Every method raises ComeBackLater SEARCH_ENGINE_UNAVAILABLE, or IndexMissing."""

    async def write(
        self, changes: Sequence[IndexChange], *, skip: Collection[str] = ()
    ) -> tuple[frozenset[str], WriteReport]:
        """Put changes where they are higher than what is there, into every index being served or built.

        Gives the indexes written to; `skip` names those that have the changes already.
        """

    async def rank(self, question: Question, facets: tuple[FacetField, ...]) -> Ranking:
        """Find the order of the best 200 offers, the number of all and the counts asked for."""

    async def fetch(self, question: Question, ids: Sequence[str], *, explain: bool = False) -> tuple[FoundOffer, ...]:
        """Give those of these offers that still pass the question's filter, in the order of `ids`.

        With `explain` each says what its score is made of, which takes a little longer.
        """

    async def partners(self, question: Question, typed: str, most: int) -> tuple[FoundPartner, ...]:
        """Give partners with a shown offer whose name fits what was typed so far; gives up after 0.4 seconds."""


class IndexGenerations(Protocol):
    """Indexes that follow each other, one served at a time. Raises ComeBackLater SEARCH_ENGINE_UNAVAILABLE."""

    async def is_current(self) -> bool:
        """Say whether an index is served, and has the shape this code wants."""

    async def begin(self) -> str:
        """Make an empty index that receives every change from now on, drop unfinished ones, give its name."""

    async def fill(self, name: str, changes: Sequence[bytes]) -> int:
        """Put serialised changes into it; gives how many it refused."""

    def serialise(self, change: IndexChange) -> bytes:
        """Give a change as `fill` takes it."""

    async def finish(self, name: str, at_least: int) -> int:
        """Make it searchable, check that it holds so many documents, serve it in one step, drop the one before.

        Gives the number of documents. Raises RebuildFailed, and drops it, when documents are missing.
        """

    async def abandon(self, name: str) -> None:
        """Drop an unfinished one."""


class RebuildFailed(Exception):
    """A rebuilt index was not whole, or another rebuild took its place; the one before is still served."""


class Inbox(Protocol):
    """Up to where each record was applied. Raises ComeBackLater DATABASE_UNAVAILABLE."""

    async def versions(self, places: Sequence[Place]) -> Mapping[Place, tuple[int, int]]:
        """Give (epoch, revision) of the records that are known."""

    async def commit(self, batch: ReadBatch, moment: datetime) -> None:
        """Keep a batch in one transaction; a record or head that is known as new or newer stays as it is."""


class EntryStore(Protocol):
    """What was read of other nodes. Raises ComeBackLater DATABASE_UNAVAILABLE."""

    async def find(self, key: OfferKey) -> StoredEntry | None:
        """Read one offer as last heard; a deleted one is given as deleted."""

    async def count(self) -> int:
        """Count offers, deleted ones too."""

    def pages(self, size: int) -> AsyncIterator[Sequence[StoredEntry]]:
        """Read all offers, deleted ones too, in pages; what changes meanwhile may be read in either version."""

    async def remember_topics(self, topics: Mapping[OfferKey, tuple[AutomaticTopic, ...]], topics_by: str) -> None:
        """Keep topics that were found anew, so that the next rebuild need not look for them."""

    async def facts(self) -> Mapping[str, StoredFacts]:
        """Say by region what is held and when something was last heard."""


class Federation(Protocol):
    """Who belongs, by the signed list."""

    def members(self) -> Sequence[Membership]:
        """Give every region that ever took part, sorted."""


class CatalogReading(Protocol):
    """How reading the catalog goes."""

    def facts(self) -> ReaderFacts:
        """Say what waits, what is paused, and which regions are heard without the hub."""


class Understands(Protocol):
    """Understanding of questions and texts (`understanding.Understander`)."""

    @property
    def has_encoder(self) -> bool:
        """Say whether a second opinion may be asked, which takes some 50 ms a sentence."""

    def understand(self, query: str, ui_language: str = "de") -> Understanding:
        """Say what a question means."""

    def topics_of(self, title: str, text: str, language: str = "de") -> tuple[LinkedConcept, ...]:
        """Say what an offer is about, best first, with how sure that is."""

    def suggest(self, prefix: str, language: str, limit: int) -> tuple[LinkedConcept, ...]:
        """Give concepts that fit what was typed so far."""


class ReadsEntries(Protocol):
    """Reading of stored entries, which only `convert` knows the form of."""

    def offer(self, stored: StoredEntry) -> ExplainedOffer:
        """Give all that the rules look at."""

    def prerequisites(self, entry: bytes) -> tuple[Prerequisite, ...]:
        """Give the steps that an offer requires."""

    def title(self, entry: bytes, language: str) -> str:
        """Give an offer's title in a language, else in German, else the first."""

    def key(self, name: str) -> OfferKey:
        """Take the resource name of an offer apart; raises INVALID_FIELD."""


class Freshness(Protocol):
    """How fresh each region's offers are."""

    def current(self, moment: datetime) -> Sequence[RegionCoverage]:
        """Give all members by region, as of seconds ago; asks nobody."""

    async def exact(self, moment: datetime) -> Sequence[RegionCoverage]:
        """The same as of now. Raises ComeBackLater DATABASE_UNAVAILABLE."""
