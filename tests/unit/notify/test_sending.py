"""What a mail server's answer means for a delivery, and who may ask for it to be sent again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.common.errors import MendTheState
from services.notify.domain.records import Channel, Delivery, DeliveryState
from services.notify.domain.sending import Fate, Outcome, Patience, handed_over, settled

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PATIENCE = Patience(tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60)), timedelta(hours=48))
PENDING = Delivery(1, "d", "n", Channel.MAIL, DeliveryState.PENDING, 0, 0, NOON, NOON, NOON)


def test_a_taken_mail_is_sent_and_waits_for_nothing() -> None:
    after = settled(handed_over(PENDING, NOON), Outcome(Fate.TAKEN, 250), NOON, PATIENCE)
    assert (after.state, after.attempts, after.smtp_code, after.next_time) == (DeliveryState.SENT, 1, 250, None)


def test_a_final_refusal_fails_at_once() -> None:
    after = settled(PENDING, Outcome(Fate.REFUSED, 550), NOON, PATIENCE)
    assert (after.state, after.attempts, after.smtp_code, after.next_time) == (DeliveryState.FAILED, 1, 550, None)


def test_what_passes_is_tried_again_after_longer_and_longer() -> None:
    delivery, moment, waits = PENDING, NOON, []
    for _ in range(6):
        delivery = settled(delivery, Outcome(Fate.LATER, 451), moment, PATIENCE)
        assert delivery.state is DeliveryState.PENDING
        assert delivery.next_time is not None
        waits.append(int((delivery.next_time - moment).total_seconds() / 60))
        moment = delivery.next_time
    assert waits == [1, 5, 15, 60, 60, 60]


def test_a_try_counts_once_whether_it_broke_off_before_or_after_the_text() -> None:
    before = settled(PENDING, Outcome(Fate.LATER), NOON, PATIENCE)
    after = settled(handed_over(PENDING, NOON), Outcome(Fate.LATER, 451), NOON, PATIENCE)
    assert before.attempts == after.attempts == 1


def test_patience_ends() -> None:
    late = replace(PENDING, attempts=50)
    after = settled(late, Outcome(Fate.LATER, 421), NOON + timedelta(hours=47, minutes=1), PATIENCE)
    assert (after.state, after.smtp_code) == (DeliveryState.FAILED, 421)


def test_silence_after_the_text_is_never_tried_again_by_itself() -> None:
    after = settled(handed_over(PENDING, NOON), Outcome(Fate.UNCLEAR), NOON, PATIENCE)
    assert (after.state, after.next_time) == (DeliveryState.UNKNOWN, None)


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.UNKNOWN])
def test_a_person_may_send_again_what_failed_or_is_unknown_with_new_patience(state: DeliveryState) -> None:
    later = NOON + timedelta(days=3)
    again = replace(PENDING, state=state, attempts=9).again(later)
    assert (again.state, again.since, again.next_time, again.attempts) == (DeliveryState.PENDING, later, later, 9)
    tried = settled(again, Outcome(Fate.LATER, 451), later, PATIENCE)
    assert tried.state is DeliveryState.PENDING


@pytest.mark.parametrize("state", [DeliveryState.PENDING, DeliveryState.HANDED_OVER, DeliveryState.SENT])
def test_nothing_else_is_sent_again(state: DeliveryState) -> None:
    with pytest.raises(MendTheState, match="STATE_NOT_ALLOWED"):
        replace(PENDING, state=state).again(NOON)
