"""How an offer moves through its life and when it must be looked at again."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import MendTheState
from services.directory.domain.enums import OfferState, ReviewRhythm
from services.directory.domain.lifecycle import TRANSITIONS, Action, is_review_due, months_later, step, with_review
from tests.unit.directory.records import MOMENT, an_offer

STATES = [OfferState.DRAFT, OfferState.PUBLISHED, OfferState.PAUSED, OfferState.ENDED]
STEPS = [Action.PUBLISH, Action.PAUSE, Action.END, Action.CONFIRM]


@pytest.mark.parametrize("action", STEPS)
@pytest.mark.parametrize("state", STATES)
def test_only_the_steps_of_the_table_are_taken(state: OfferState, action: Action) -> None:
    offer = an_offer(state=state, confirm_time=MOMENT)
    if (state, action) in TRANSITIONS:
        assert step(offer, action, MOMENT).state is TRANSITIONS[state, action]
    else:
        with pytest.raises(MendTheState, match="STATE_NOT_ALLOWED") as refusal:
            step(offer, action, MOMENT)
        assert refusal.value.metadata == {"state": state.name}


def test_nothing_leads_out_of_the_end_or_back_to_a_draft() -> None:
    assert not any(state is OfferState.ENDED for state, _ in TRANSITIONS)
    assert OfferState.DRAFT not in TRANSITIONS.values()


def test_a_pause_does_not_make_an_old_offer_look_fresh() -> None:
    public = step(an_offer(), Action.PUBLISH, MOMENT)
    later = MOMENT + timedelta(days=200)
    back = step(step(public, Action.PAUSE, later), Action.PUBLISH, later)
    assert (back.confirm_time, back.review_due_date) == (MOMENT, public.review_due_date)
    assert step(back, Action.CONFIRM, later).confirm_time == later


@pytest.mark.parametrize(
    ("rhythm", "due"),
    [
        (ReviewRhythm.UNSPECIFIED, date(2027, 11, 22)),
        (ReviewRhythm.MONTHLY, date(2026, 12, 22)),
        (ReviewRhythm.QUARTERLY, date(2027, 2, 22)),
        (ReviewRhythm.HALF_YEARLY, date(2027, 5, 22)),
        (ReviewRhythm.YEARLY, date(2027, 11, 22)),
    ],
)
def test_the_review_date_follows_from_the_rhythm(rhythm: ReviewRhythm, due: date) -> None:
    assert step(an_offer(review_rhythm=rhythm), Action.PUBLISH, MOMENT).review_due_date == due


def test_the_day_of_a_confirmation_is_that_of_saxony() -> None:
    just_past_midnight = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert step(an_offer(), Action.PUBLISH, just_past_midnight).review_due_date == date(2027, 11, 23)


def test_a_draft_has_no_review_date() -> None:
    assert with_review(an_offer(review_due_date=date(2027, 1, 1))).review_due_date is None


@pytest.mark.parametrize(
    ("state", "due"), [(OfferState.PUBLISHED, True), (OfferState.PAUSED, True), (OfferState.ENDED, False)]
)
def test_a_review_is_due_from_its_day_on_while_the_offer_runs(state: OfferState, due: bool) -> None:
    offer = an_offer(state=state, review_due_date=date(2026, 11, 22))
    assert is_review_due(offer, date(2026, 11, 22)) is due
    assert not is_review_due(offer, date(2026, 11, 21))
    assert not is_review_due(replace(offer, delete_time=MOMENT), date(2026, 11, 22))


def test_a_month_without_such_a_day_ends_earlier() -> None:
    assert months_later(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert months_later(date(2027, 8, 31), 6) == date(2028, 2, 29)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 24))
def test_months_are_added_one_by_one_or_at_once(day: date, months: int) -> None:
    later = months_later(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day <= day.day
