"""Suggests concepts, places and partners while somebody types, in any script; only partners need the engine."""

from services.common.clock import today_in_saxony
from services.common.errors import ComeBackLater
from services.search.domain.questions import Question
from services.search.domain.searching import FoundPartner, FoundPlace, Suggestion, Suggestions
from services.search.handlers.parts import SearchParts


async def suggest_concepts(prefix: str, language: str, most: int, parts: SearchParts) -> Suggestions:
    """Give what fits, at most `most` of each sort, best first."""
    concepts = parts.understander.suggest(prefix, language, most)
    places = parts.places.suggest(prefix, language, most)
    return Suggestions(
        tuple(
            Suggestion(concept.id, concept.label, concept.language, parts.thesaurus.label(concept.id, "de"))
            for concept in concepts
        ),
        tuple(FoundPlace(place.label, place.districts) for place in places),
        await _partners(prefix, most, parts),
    )


async def _partners(prefix: str, most: int, parts: SearchParts) -> tuple[FoundPartner, ...]:
    hidden = tuple(member.region for member in parts.federation.members() if not member.active)
    try:
        return await parts.index.partners(Question(today_in_saxony(parts.clock()), hidden_regions=hidden), prefix, most)
    except ComeBackLater:
        # Somebody is typing: what needs no engine is worth more now than an error.
        return ()
