"""Owns what a mail server's answer means for a delivery: done, again later, failed, or nobody knows.

The code decides (RFC 5321, 4.2.1): 4xx and trouble with the connection are tried again with growing delay, 5xx is
final. Once the text was handed over and no answer came, the mail may have arrived: it is never repeated by itself.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.notify.domain.records import Delivery, DeliveryState


class Fate(StrEnum):
    """What became of one try."""

    TAKEN = "TAKEN"
    LATER = "LATER"
    REFUSED = "REFUSED"
    UNCLEAR = "UNCLEAR"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One try: its fate and the SMTP code (0: none came).

    `server` says that the trouble is the server's and would meet any other mail as well.
    """

    fate: Fate
    code: int = 0
    server: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait after the first, second … try (the last figure repeats), and when to give up."""

    delays: tuple[timedelta, ...]
    give_up: timedelta

    def after(self, attempts: int) -> timedelta:
        """Give the delay after so many tries, from 1."""
        return self.delays[min(attempts, len(self.delays)) - 1]


def handed_over(delivery: Delivery, moment: datetime) -> Delivery:
    """Give it as it stands right before the text goes out."""
    state = DeliveryState.HANDED_OVER
    return replace(delivery, state=state, attempts=delivery.attempts + 1, next_time=None, update_time=moment)


def settled(delivery: Delivery, outcome: Outcome, moment: datetime, patience: Patience) -> Delivery:
    """Give it as it stands after a try that is over."""
    attempts = delivery.attempts + (delivery.state is not DeliveryState.HANDED_OVER)
    tried = replace(delivery, attempts=attempts, smtp_code=outcome.code, next_time=None, update_time=moment)
    match outcome.fate:
        case Fate.TAKEN:
            return replace(tried, state=DeliveryState.SENT)
        case Fate.REFUSED:
            return replace(tried, state=DeliveryState.FAILED)
        case Fate.UNCLEAR:
            return replace(tried, state=DeliveryState.UNKNOWN)
    following = moment + patience.after(attempts)
    if following - delivery.since > patience.give_up:
        return replace(tried, state=DeliveryState.FAILED)
    return replace(tried, state=DeliveryState.PENDING, next_time=following)
