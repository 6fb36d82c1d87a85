"""Owns who is killed when: a plan drawn from a seed, so that a run can be played again."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.support.storm.history import History
from tests.support.storm.part import Part

SLOW = "engine"
"""OpenSearch takes 10 s and more to come back: it is killed once, early, so that it is back before the end."""


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill -9 at a moment, in seconds from the start."""

    moment: float
    part: str


def plan_kills(draw: random.Random, parts: Sequence[str], count: int, seconds: float) -> list[Kill]:
    """Draw `count` kills within `seconds`: every part in turn, in a new order each time round."""
    victims: list[str] = []
    while len(victims) < count:
        quick = sorted(set(parts) - {SLOW})
        draw.shuffle(quick)
        victims += quick
    victims = victims[:count]
    victims[draw.randrange(max(1, count // 3))] = SLOW
    moments = sorted(draw.uniform(0.5, seconds) for _ in victims)
    return [Kill(moment, part) for moment, part in zip(moments, victims, strict=True)]


async def kill_by_plan(kills: Sequence[Kill], parts: Mapping[str, Part], history: History) -> Counter[str]:
    """Kill as planned; gives how often each part was. Who is down at its moment lets the next one go first."""
    loop = asyncio.get_running_loop()
    begun, killed = loop.time(), Counter[str]()
    victims = [kill.part for kill in kills]
    for kill in kills:
        await asyncio.sleep(max(0.0, begun + kill.moment - loop.time()))
        victim = next((name for name in victims if parts[name].up), None)
        if victim is not None and await parts[victim].end():
            victims.remove(victim)
            killed[victim] += 1
            history.note("kill", part=victim)
    return killed
