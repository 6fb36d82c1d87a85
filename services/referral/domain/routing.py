"""Owns which counters are recommended for a case, in which order and why: pure, nothing is looked up here.

Local counters come first, then those of neighbouring districts, then state-wide ones; a counter that turns people away
without a missing step comes behind those that do not. One state-wide fallback always closes the list.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from services.referral.domain.districts import NEIGHBOURS
from services.referral.domain.referral import Prerequisite
from services.referral.domain.values import Audience, Fact

DEFAULT_RESULTS, MOST_RESULTS = 5, 20
MOST_STEP_OFFERS = 3
"""Offers named for a missing step (referral_requests.proto)."""

_PROGRESS = {"started": 1, "decided": 2}
"""How far a procedure is; what is known otherwise does not count as begun."""


class Scope(StrEnum):
    """How far an offer reaches."""

    UNSPECIFIED = "unspecified"
    REGION = "region"
    SAXONY = "saxony"
    FEDERAL = "federal"


class Speech(IntEnum):
    """How a counter speaks a language, best first."""

    SPOKEN = 0
    INTERPRETED = 1
    UNKNOWN = 2


class Nearness(IntEnum):
    """How near a counter is to where the person lives, nearest first."""

    LOCAL = 0
    NEIGHBOUR = 1
    STATEWIDE = 2
    UNKNOWN = 3
    ELSEWHERE = 4


class ReasonKind(StrEnum):
    """Why a counter is recommended."""

    FOUND = "found"
    TOPIC = "topic"
    NEARNESS = "nearness"
    LANGUAGE = "language"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: its kind, and what it says (a code of ours, or for FOUND the search's own line)."""

    kind: ReasonKind
    detail: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for a case; `topics` are set by staff or were found in the text."""

    text: str
    topics: tuple[str, ...]
    district_code: str
    language_code: str
    audience: Audience
    facts: tuple[Fact, ...] = ()
    answer_language: str = "de"


@dataclass(frozen=True, slots=True)
class Counter:
    """One offer as the search knows it; `entry` is its whole public entry, serialised."""

    offer: str
    region: str
    topics: frozenset[str]
    found_topics: frozenset[str]
    audiences: frozenset[Audience]
    scope: Scope
    hotline: bool
    published: bool
    districts: frozenset[str]
    spoken: frozenset[str]
    interpreted: frozenset[str]
    prerequisites: tuple[Prerequisite, ...]
    why: tuple[str, ...]
    entry: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave: counters, best first, and the topics that it understood the words to be about."""

    counters: tuple[Counter, ...]
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A step that must come first, and where it is given."""

    topic: str
    hard: bool
    label: str = ""
    offers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One recommended counter."""

    counter: Counter
    reasons: tuple[Reason, ...]
    obstacles: tuple[Obstacle, ...]
    fallback: bool = False


def missing_steps(prerequisites: Iterable[Prerequisite], facts: Iterable[Fact]) -> tuple[Obstacle, ...]:
    """Name the steps that are not known to have come so far: hard ones first, each topic once."""
    done: dict[str, int] = {}
    for fact in facts:
        done[fact.kind] = max(done.get(fact.kind, 0), _PROGRESS.get(fact.value, 0))
    missing: dict[str, bool] = {}
    for wanted in prerequisites:
        if wanted.topic and done.get(wanted.topic, 0) < _PROGRESS.get(wanted.state, 1):
            missing[wanted.topic] = missing.get(wanted.topic, False) or wanted.hard
    return tuple(Obstacle(topic, hard) for topic, hard in sorted(missing.items(), key=lambda item: not item[1]))


def nearness(counter: Counter, district: str) -> Nearness:
    """Say how near a counter is."""
    if district and district in counter.districts:
        return Nearness.LOCAL
    if counter.scope in {Scope.SAXONY, Scope.FEDERAL}:
        return Nearness.STATEWIDE
    if not district or not counter.districts:
        return Nearness.UNKNOWN
    near = NEIGHBOURS.get(district, frozenset())
    return Nearness.NEIGHBOUR if counter.districts & near else Nearness.ELSEWHERE


def speech(counter: Counter, language: str) -> Speech:
    """Say how a counter speaks a language; of a tag only the language counts."""
    code = language.partition("-")[0]
    if code in counter.spoken:
        return Speech.SPOKEN
    return Speech.INTERPRETED if code in counter.interpreted else Speech.UNKNOWN


def route(
    question: Question,
    found: Sequence[Counter],
    statewide: Sequence[Counter],
    excluded: Collection[str],
    most: int,
) -> list[Candidate]:
    """Rank what was found and close with one state-wide fallback; both lists are in the search's order, best first."""
    usable = _usable(found, question, excluded)
    fallback = next(iter(_usable(statewide, question, excluded)), None)
    if fallback is None:
        # Nothing state-wide was found apart: the best of what reaches everybody will do.
        fallback = next((one for one in usable if nearness(one, "") is Nearness.STATEWIDE), None)
    ranked = sorted(enumerate(usable), key=lambda placed: _rank(placed[1], question, placed[0]))
    chosen = [one for _, one in ranked if fallback is None or one.offer != fallback.offer][:most]
    candidates = [_candidate(one, question) for one in chosen]
    if fallback is not None:
        candidates.append(_candidate(fallback, question, fallback=True))
    return candidates


def _usable(counters: Iterable[Counter], question: Question, excluded: Collection[str]) -> list[Counter]:
    """Leave out what is excluded, not public, for others, or only for people who live far away; each offer once."""
    usable: dict[str, Counter] = {}
    for counter in counters:
        fits = not counter.audiences or question.audience in counter.audiences
        here = nearness(counter, question.district_code) is not Nearness.ELSEWHERE
        if counter.published and fits and here and counter.offer not in excluded:
            usable.setdefault(counter.offer, counter)
    return list(usable.values())


def _rank(counter: Counter, question: Question, place: int) -> tuple[int, ...]:
    blocked = any(step.hard for step in missing_steps(counter.prerequisites, question.facts))
    return (
        int(blocked),
        _topic_rank(counter, question),
        nearness(counter, question.district_code),
        speech(counter, question.language_code),
        place,
    )


def _topic_rank(counter: Counter, question: Question) -> int:
    """Give 0 where the publisher set a topic that is needed, 1 where a machine found it, 2 for neither."""
    wanted = frozenset(question.topics)
    if counter.topics & wanted:
        return 0
    return 1 if counter.found_topics & wanted else 2


def _candidate(counter: Counter, question: Question, *, fallback: bool = False) -> Candidate:
    steps = missing_steps(counter.prerequisites, question.facts)
    return Candidate(counter, tuple(_reasons(counter, question, fallback)), steps, fallback)


def _reasons(counter: Counter, question: Question, fallback: bool) -> Iterable[Reason]:
    if fallback:
        yield Reason(ReasonKind.FALLBACK, "statewide")
    for line in counter.why[:3]:
        yield Reason(ReasonKind.FOUND, line)
    if not counter.why and _topic_rank(counter, question) == 0:
        yield Reason(ReasonKind.TOPIC, "set")
    near = nearness(counter, question.district_code)
    told = fallback and near is Nearness.STATEWIDE
    if near in {Nearness.LOCAL, Nearness.NEIGHBOUR, Nearness.STATEWIDE} and not told:
        yield Reason(ReasonKind.NEARNESS, near.name.lower())
    spoken = speech(counter, question.language_code)
    if spoken is not Speech.UNKNOWN:
        yield Reason(ReasonKind.LANGUAGE, spoken.name.lower())
