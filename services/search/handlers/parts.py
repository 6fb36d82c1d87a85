"""Owns what the handlers work with, put together once by `app`."""

from dataclasses import dataclass

from services.common.clock import Clock
from services.common.paging import PageTokens
from services.search.ports import EntryStore, Federation, Freshness, OfferIndex, Understands
from services.search.thesaurus import Thesaurus


@dataclass(frozen=True, slots=True)
class SearchParts:
    """The ports and values of one service."""

    index: OfferIndex
    entries: EntryStore
    understander: Understands
    thesaurus: Thesaurus
    federation: Federation
    freshness: Freshness
    tokens: PageTokens
    clock: Clock
