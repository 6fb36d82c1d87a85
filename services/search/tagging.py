"""Owns the topics that are found in an offer's text by machine, and whether found ones are still up to date."""

import hashlib
from pathlib import Path

from services.search.domain.offers import AutomaticTopic
from services.search.ports import Understands
from services.search.thesaurus import Thesaurus
from services.search.understanding import classifier, encoder, opinions, placing, topics, understand
from services.search.understanding.classifier import OFFERS_FILE
from services.search.understanding.compiled import fingerprint
from services.search.understanding.descriptions import offer_sources
from services.search.understanding.spellings import sources

OFFER_CODE = tuple(Path(str(module.__file__)) for module in (topics, understand, opinions, placing))
_CLASSIFIER = (OFFERS_FILE, Path(classifier.__file__), Path(encoder.__file__))


class TopicTagger:
    """Finds topics; safe to call from a thread, since understanding never changes after it is built."""

    def __init__(self, understander: Understands, thesaurus: Thesaurus) -> None:
        self._understander = understander
        self.fingerprint = topics_fingerprint(thesaurus, with_encoder=understander.has_encoder)
        """Stored beside what was found: another thesaurus, code or encoder would find other topics."""

    def topics_of(self, title: str, text: str, language: str = "de") -> tuple[AutomaticTopic, ...]:
        """Give the concepts that an offer is about, best first; `language` (BCP 47) is that of title and text."""
        found = self._understander.topics_of(title, text, language)
        return tuple(AutomaticTopic(one.id, one.weight) for one in found)


def topics_fingerprint(thesaurus: Thesaurus, *, with_encoder: bool) -> str:
    """Name all that decides which topics are found: labels, code, and the classifier where it is asked."""
    judges = [*sources(), *offer_sources(), *OFFER_CODE, *(_CLASSIFIER if with_encoder else ())]
    return f"{thesaurus_fingerprint(thesaurus)}{fingerprint(judges)[:16]}"


def thesaurus_fingerprint(thesaurus: Thesaurus) -> str:
    """Name this state of the thesaurus: 16 hex digits that change with any label."""
    digest = hashlib.sha256()
    for concept in thesaurus.values():
        labels = sorted((language, tuple(names)) for language, names in concept.labels.items())
        hidden = sorted((language, tuple(names)) for language, names in concept.hidden.items())
        digest.update(repr((concept.id, labels, hidden)).encode())
    return digest.hexdigest()[:16]
