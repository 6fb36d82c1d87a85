"""Owns how an offer moves through its life, and when its owner must look at it again."""

import calendar
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from services.common.clock import today_in_saxony
from services.common.errors import MendTheState
from services.directory.domain.enums import OfferState, ReviewRhythm
from services.directory.domain.offer import Offer

UNDELETE_DAYS = 30
"""How long a deleted record can be brought back (the contract's promise)."""


class Action(StrEnum):
    """What a change did, as revisions name it."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNDELETE = "undelete"
    PUBLISH = "publish"
    PAUSE = "pause"
    END = "end"
    CONFIRM = "confirm"


TRANSITIONS: dict[tuple[OfferState, Action], OfferState] = {
    (OfferState.DRAFT, Action.PUBLISH): OfferState.PUBLISHED,
    (OfferState.PAUSED, Action.PUBLISH): OfferState.PUBLISHED,
    (OfferState.PUBLISHED, Action.PAUSE): OfferState.PAUSED,
    (OfferState.PUBLISHED, Action.END): OfferState.ENDED,
    (OfferState.PAUSED, Action.END): OfferState.ENDED,
    (OfferState.PUBLISHED, Action.CONFIRM): OfferState.PUBLISHED,
    (OfferState.PAUSED, Action.CONFIRM): OfferState.PAUSED,
}
"""Every step there is; any other is refused. A draft is deleted rather than ended: nobody ever saw it."""

_MONTHS = {
    ReviewRhythm.UNSPECIFIED: 12,
    ReviewRhythm.MONTHLY: 1,
    ReviewRhythm.QUARTERLY: 3,
    ReviewRhythm.HALF_YEARLY: 6,
    ReviewRhythm.YEARLY: 12,
}


def step(offer: Offer, action: Action, moment: datetime) -> Offer:
    """Take one step of the offer's life; raises STATE_NOT_ALLOWED, with the state it is in.

    The first publishing counts as a confirmation; publishing after a pause does not, so that a pause cannot make an
    old offer look fresh.
    """
    state = TRANSITIONS.get((offer.state, action))
    if state is None:
        raise MendTheState(
            "STATE_NOT_ALLOWED", "the offer's state does not allow this step", metadata={"state": offer.state.name}
        )
    confirms = action is Action.CONFIRM or offer.state is OfferState.DRAFT
    return with_review(replace(offer, state=state, confirm_time=moment if confirms else offer.confirm_time))


def with_review(offer: Offer) -> Offer:
    """Set the day by which the owner must confirm again: rhythm after the last confirmation, none for a draft."""
    if offer.confirm_time is None:
        return replace(offer, review_due_date=None)
    confirmed = today_in_saxony(offer.confirm_time)
    return replace(offer, review_due_date=months_later(confirmed, _MONTHS[offer.review_rhythm]))


def is_review_due(offer: Offer, today: date) -> bool:
    """Say whether a review is due: the day has come, and the offer still runs."""
    runs = offer.state in {OfferState.PUBLISHED, OfferState.PAUSED} and offer.delete_time is None
    return runs and offer.review_due_date is not None and offer.review_due_date <= today


def months_later(day: date, months: int) -> date:
    """Give the same day some months later, or that month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def purge_time(moment: datetime) -> datetime:
    """Give the moment from which a record deleted now may vanish for good."""
    return moment + timedelta(days=UNDELETE_DAYS)
