"""Owns what the handlers work with, put together once by `app`."""

from dataclasses import dataclass

from services.common.clock import Clock
from services.common.paging import PageTokens
from services.search.handlers.wording import Wording
from services.search.ports import EntryStore, Federation, Freshness, OfferIndex, Understands
from services.search.sentences import Sentences
from services.search.thesaurus import Thesaurus
from services.search.understanding.place_names import PlaceSuggester
from services.search.understanding.steps import StepPhrases


@dataclass(frozen=True, slots=True)
class SearchParts:
    """The ports and values of one service."""

    index: OfferIndex
    entries: EntryStore
    understander: Understands
    thesaurus: Thesaurus
    wording: Wording
    federation: Federation
    freshness: Freshness
    tokens: PageTokens
    clock: Clock
    places: PlaceSuggester
    step_phrases: StepPhrases
    sentences: Sentences
