"""From a typed question to what the search engine needs; engine-independent, and never a failure for any text.

The steps are pure functions in the order of `Understander.understand`; a further step (compound splitting, an
encoder that re-weighs unsure links) goes between two of them without changing the others.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from services.search.thesaurus import Concept, Thesaurus, load_thesaurus
from services.search.understanding.audience import AudienceWords, load_audience_words
from services.search.understanding.consultation import language_names
from services.search.understanding.fold import fold, tokens_of
from services.search.understanding.language import detect_language
from services.search.understanding.linker import IndexedLabel, Link, Linker
from services.search.understanding.model import Audience, LinkedConcept, Understanding
from services.search.understanding.places import Places, load_places
from services.search.understanding.readings import other_readings, romanised
from services.search.understanding.suggest import Suggester
from services.search.understanding.topics import TopicFinder

MOST_CHARACTERS = 400
"""A longer question is cut here after folding, so that one call's cost is bounded."""
_MOST_TYPED = 2000
"""Cut before folding, which may shrink a text: a megabyte of marks is not worth reading."""
LINK_THRESHOLD = 0.32
"""When even the best link is below it, it is more often wrong than right (measured on the development questions)."""
_FURTHER_THRESHOLD = 0.2
_RELATIVE_THRESHOLD = 0.5
"""Further concepts may be weaker, but must come this near to the best one."""
_READING_THRESHOLD = 0.45
"""Another reading of the same keys must be clearly a topic, for it competes with random letters."""
_MOST_REREAD = 120
"""The start of a text tells its alphabet; four readings of all of it would cost ten milliseconds."""
_SPEAKER_BOOST = 1.2
"""Enough to decide between near equals; an employer may still ask about taxes."""
_MOST_CONCEPTS = 5
_MOST_SUGGESTIONS = 3
_STOP_WORDS_FILE = Path(__file__).with_name("stopwords.yaml")


class Understander:
    """Understands questions and finds topics of offers; immutable after it is built, safe to share."""

    def __init__(self, thesaurus: Thesaurus, places: Places, audience_words: AudienceWords | None = None) -> None:
        self._thesaurus = thesaurus
        self._places = places
        self._language_names = language_names()
        self._audience_words = audience_words or load_audience_words()
        labels = list(self._indexed_labels())
        self._linker = Linker(labels, _stop_words())
        self._topics = TopicFinder(self._linker, labels, self._topic_words)
        self._suggester = Suggester(thesaurus)
        # The statistics of the languages load on first use: here, so that no caller waits for them.
        detect_language("Guten Tag")

    def understand(self, query: str, ui_language: str = "de") -> Understanding:
        """Return what `query` means; `ui_language` (BCP-47) only breaks ties between languages."""
        text = query.strip()
        typed = text[:_MOST_TYPED]
        folded = fold(typed)[:MOST_CHARACTERS].rstrip()
        tokens = tokens_of(folded)
        language, confidence = detect_language(typed, ui_language)
        places = self._places.find(tokens)
        languages = self._language_names.find(places.rest)
        links = self._linker.link(languages.rest)
        if _best(links) < LINK_THRESHOLD:
            links, language, confidence = self._reread(typed, links, language, confidence)
        speaker = self._audience_words.find(tokens)
        concepts = tuple(map(self._linked, _trusted(self._favoured(links, speaker))))
        return Understanding(
            text=text,
            folded=folded,
            language=language,
            confidence=confidence,
            tokens=tokens,
            districts=places.values,
            consultation_languages=languages.values,
            audience=speaker or self._audience_of(concepts),
            concepts=concepts,
            suggestions=() if concepts else tuple(map(self._linked, links[:_MOST_SUGGESTIONS])),
            abstain=not concepts,
        )

    def topics_of(self, text: str, limit: int = 3) -> tuple[LinkedConcept, ...]:
        """Return the topics an offer's title or text is clearly about, best first; rather none than a wrong one."""
        return tuple(map(self._linked, self._topics.find(text)[: max(limit, 0)]))

    def suggest(self, prefix: str, language: str, limit: int) -> tuple[LinkedConcept, ...]:
        """Return concepts with a label that starts with `prefix` (or has a word that does), shown in `language`."""
        return self._suggester.suggest(prefix, language, limit)

    def _reread(self, typed: str, links: list[Link], language: str, confidence: float) -> tuple[list[Link], str, float]:
        """Try the other readings of the same keys; keep what stood when none is clearly a topic."""
        best = links, language, confidence
        threshold = _READING_THRESHOLD
        for reading in other_readings(typed[:_MOST_REREAD]):
            reread = self._linker.link(self._topic_words(reading))
            if _best(reread) >= threshold:
                threshold = _best(reread)
                best = reread, *detect_language(reading)
        return best

    def _favoured(self, links: list[Link], speaker: Audience | None) -> list[Link]:
        """Raise the concepts meant for whoever is speaking: an employer's "nurses" are staff to be found."""
        if speaker is None:
            return links
        raised = [
            Link(min(link.score * _SPEAKER_BOOST, 1.0), link.label)
            if self._thesaurus[link.label.concept_id].audience == speaker
            else link
            for link in links
        ]
        return sorted(raised, key=lambda link: (-link.score, link.label.concept_id))

    def _topic_words(self, text: str) -> tuple[str, ...]:
        """Fold a text and take places and language names out, as they are no topic."""
        return self._language_names.find(self._places.find(tokens_of(fold(text))).rest).rest

    def _indexed_labels(self) -> Iterator[IndexedLabel]:
        for concept in self._thesaurus.values():
            for typed, shown, language in _spellings(concept):
                yield IndexedLabel(concept.id, self._topic_words(typed), shown, language)

    def _linked(self, link: Link) -> LinkedConcept:
        return LinkedConcept(link.label.concept_id, round(link.score, 4), link.label.shown, link.label.language)

    def _audience_of(self, concepts: Sequence[LinkedConcept]) -> Audience | None:
        if not concepts:
            return None
        hint = self._thesaurus[concepts[0].id].audience
        known: dict[str | None, Audience] = {"person": "person", "company": "company", "actor": "actor"}
        return known.get(hint)


def build_understander() -> Understander:
    """Build it from the data that ships with the service; takes about a second, so do it once."""
    return Understander(load_thesaurus(), load_places())


def _spellings(concept: Concept) -> Iterator[tuple[str, str, str]]:
    """Yield (spelling to compare, label to show, language): labels, hidden ones, Cyrillic in Latin letters."""
    for language, labels in concept.labels.items():
        for label in labels:
            yield label, label, language
            roman = romanised(label)
            if roman:
                yield roman, label, language
    for language, hidden in concept.hidden.items():
        shown = concept.labels.get(language, hidden)[0]
        for spelling in hidden:
            yield spelling, shown, language


def _trusted(links: Sequence[Link]) -> list[Link]:
    """Keep nothing when the best link is weak, else the best and what is not far behind it."""
    if _best(links) < LINK_THRESHOLD:
        return []
    least = max(_FURTHER_THRESHOLD, _best(links) * _RELATIVE_THRESHOLD)
    return [link for link in links[:_MOST_CONCEPTS] if link.score >= least]


def _best(links: Sequence[Link]) -> float:
    return links[0].score if links else 0.0


def _stop_words() -> frozenset[str]:
    by_language: dict[str, list[str]] = yaml.safe_load(_STOP_WORDS_FILE.read_text("utf-8"))
    return frozenset(token for words in by_language.values() for word in words for token in tokens_of(fold(str(word))))
