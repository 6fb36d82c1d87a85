"""Suggests concepts while somebody types, in any script."""

from services.search.domain.searching import Suggestion
from services.search.handlers.parts import SearchParts


def suggest_concepts(prefix: str, language: str, most: int, parts: SearchParts) -> tuple[Suggestion, ...]:
    """Give the concepts that fit, best first."""
    found = parts.understander.suggest(prefix, language, most)
    return tuple(
        Suggestion(concept.id, concept.label, concept.language, parts.thesaurus.label(concept.id, "de"))
        for concept in found
    )
