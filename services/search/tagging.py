"""Owns the topics that are found in an offer's text by machine, and whether found ones are still up to date."""

import hashlib

from services.search.ports import Understands
from services.search.thesaurus import Thesaurus


class TopicTagger:
    """Finds topics; safe to call from a thread, since understanding never changes after it is built."""

    def __init__(self, understander: Understands, thesaurus: Thesaurus) -> None:
        self._understander = understander
        self.fingerprint = thesaurus_fingerprint(thesaurus)
        """Stored beside what was found: another thesaurus would find other topics."""

    def topics_of(self, text: str) -> tuple[str, ...]:
        """Give the ids of the concepts that a text is clearly about, best first."""
        return tuple(concept.id for concept in self._understander.topics_of(text))


def thesaurus_fingerprint(thesaurus: Thesaurus) -> str:
    """Name this state of the thesaurus: 16 hex digits that change with any label."""
    digest = hashlib.sha256()
    for concept in thesaurus.values():
        labels = sorted((language, tuple(names)) for language, names in concept.labels.items())
        hidden = sorted((language, tuple(names)) for language, names in concept.hidden.items())
        digest.update(repr((concept.id, labels, hidden)).encode())
    return digest.hexdigest()[:16]
