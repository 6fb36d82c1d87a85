"""Owns what is to become of each referral of a storm, and made-up persons whose every word leads back to one prefix."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from google.type.date_pb2 import Date

from lotse.directory.v1.partner_pb2 import AUDIENCE_PERSON
from lotse.referral.v1 import case_pb2
from lotse.referral.v1 import referral_pb2 as r
from services.common.names import RegionId
from tests.support.storm.referral_stage import REFERRING

CANARY = "zeisigkanarie"
"""Begins every word that only those may read to whom a person was released; whoever finds it elsewhere has a leak."""

HELP = ("StartReview", "AcceptReferral", "StartService", "CompleteReferral")
TURN_DOWN = ("StartReview", "DeclineReferral")
_OPEN = (
    r.REFERRAL_STATE_SUBMITTED,
    r.REFERRAL_STATE_DELIVERED,
    r.REFERRAL_STATE_IN_REVIEW,
    r.REFERRAL_STATE_ACCEPTED,
    r.REFERRAL_STATE_IN_SERVICE,
)


class TakesBack(StrEnum):
    """What the source does besides waiting."""

    NOTHING = "nothing"
    WITHDRAWS = "withdraws"
    REVOKES = "revokes"
    ERASES = "erases"
    """The case, after it was closed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One referral: who asks whom, what the target intends, and what the source does in between."""

    number: int
    source: RegionId
    target: RegionId
    named: bool
    steps: Sequence[str]
    """Methods that the target calls as far as it gets; a review may be left out."""
    takes_back: TakesBack
    takes_back_at: int
    """At the earliest when the source sees this state."""
    canary: str
    seed: int

    def case(self) -> case_pb2.Case:
        """Make the case."""
        given: dict[str, Any] = {"person": self.person()} if self.named else {}
        return case_pb2.Case(
            intake_text=f"Mein Diplom soll anerkannt werden, {self.canary}",
            language_code="uk",
            district_code="14612",
            topics=["recognition"],
            audience=AUDIENCE_PERSON,
            **given,
        )

    def person(self) -> case_pb2.Person:
        """Make the person."""
        return case_pb2.Person(
            name=f"Olena {self.canary}",
            birth_date=Date(year=1990, month=4, day=1),
            email=f"{self.canary}@example.org",
            phone=f"+4935100{self.number:04}",
            address=f"{self.canary} 3, 01067 Dresden",
            note=self.canary,
        )


def draw_plans(draw: random.Random, count: int) -> list[Plan]:
    """Draw so many plans; each way back is among every ten, the rest goes through to the end."""
    return [_plan(draw, number) for number in range(count)]


def _plan(draw: random.Random, number: int) -> Plan:
    source, target = draw.sample(REFERRING, 2)
    ways = {2: TakesBack.WITHDRAWS, 5: TakesBack.WITHDRAWS, 7: TakesBack.REVOKES, 9: TakesBack.ERASES}
    takes_back = ways.get(number % 10, TakesBack.NOTHING)
    steps = TURN_DOWN if number % 10 in {3, 6} else HELP
    return Plan(
        number=number,
        source=source,
        target=target,
        named=takes_back in {TakesBack.REVOKES, TakesBack.ERASES} or draw.random() < 0.85,
        steps=steps if draw.random() < 0.7 else steps[1:],
        takes_back=takes_back,
        takes_back_at=draw.choice(_OPEN),
        canary=f"{CANARY}{draw.getrandbits(48):012x}",
        seed=draw.getrandbits(64),
    )


def consent() -> case_pb2.Consent:
    """Make a consent."""
    return case_pb2.Consent(
        text_version="2026-11", language_code="uk", purpose="referral", channel=case_pb2.CONSENT_CHANNEL_IN_PERSON
    )
