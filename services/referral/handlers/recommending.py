"""Owns how counters are recommended: the search is asked, pure rules rank, missing steps get places that give them."""

from collections.abc import Collection
from dataclasses import replace

from services.referral.domain.case import Case, require_content
from services.referral.domain.routing import MOST_STEP_OFFERS, Candidate, Obstacle, Question, route
from services.referral.ports import Counters


async def recommend_targets(
    case: Case, counters: Counters, language: str, excluded: Collection[str], most: int
) -> list[Candidate]:
    """Recommend counters, best first, with one state-wide fallback at the end.

    Raises CASE_ERASED, SEARCH_ENGINE_UNAVAILABLE.
    """
    require_content(case)
    question = question_of(case, language)
    found = await counters.find(question)
    # What staff has set says it better than what a machine has read out of the words.
    question = replace(question, topics=question.topics or found.topics)
    statewide = await counters.statewide(question)
    candidates = route(question, found.counters, statewide, excluded, most)
    known: dict[str, tuple[str, tuple[str, ...]]] = {}
    return [
        replace(one, obstacles=tuple([await _with_way_out(step, question, counters, known) for step in one.obstacles]))
        for one in candidates
    ]


def question_of(case: Case, language: str) -> Question:
    """Make the question of a case."""
    return Question(
        text=case.intake_text,
        topics=case.topics,
        district_code=case.district_code,
        language_code=case.language_code,
        audience=case.audience,
        facts=case.facts,
        answer_language=language or "de",
    )


async def _with_way_out(
    obstacle: Obstacle, question: Question, counters: Counters, known: dict[str, tuple[str, tuple[str, ...]]]
) -> Obstacle:
    """Name the offers that give a missing step; each topic is looked up once."""
    if obstacle.topic not in known:
        label, giving = await counters.giving(obstacle.topic, question)
        known[obstacle.topic] = label, tuple(one.offer for one in giving[:MOST_STEP_OFFERS])
    label, offers = known[obstacle.topic]
    return replace(obstacle, label=label, offers=offers)
