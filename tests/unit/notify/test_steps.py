"""What is told of which change, and when two changes are one step."""

from itertools import permutations

import pytest

from services.notify.domain.records import Topic
from services.notify.domain.steps import WORDINGS, Change, Side, State, number_of, steps_of

SUBJECT = "regions/dresden/referrals/3f9a01bc-1111-4222-8333-444455556666"


def change(side: Side, state: State, version: int = 4, *, confirmed: bool = False, conflict: bool = False) -> Change:
    return Change(SUBJECT, side, state, version, confirmed, conflict)


def told(*changes: Change) -> list[tuple[str, str]]:
    return [(str(step.topic), step.wording) for one in changes for step in steps_of(one)]


@pytest.mark.parametrize(
    ("side", "state", "expected"),
    [
        (Side.SOURCE, State.DRAFT, []),
        (Side.SOURCE, State.SUBMITTED, [("REFERRAL_CHANGED", "submitted")]),
        (Side.SOURCE, State.DELIVERED, [("REFERRAL_DELIVERED", "delivered")]),
        (Side.SOURCE, State.IN_REVIEW, [("REFERRAL_CHANGED", "in_review")]),
        (Side.SOURCE, State.ACCEPTED, [("REFERRAL_CHANGED", "accepted")]),
        (Side.SOURCE, State.IN_SERVICE, [("REFERRAL_CHANGED", "in_service")]),
        (Side.SOURCE, State.COMPLETED, [("REFERRAL_CHANGED", "completed")]),
        (Side.SOURCE, State.DECLINED, [("REFERRAL_DECLINED", "declined")]),
        (Side.SOURCE, State.WITHDRAWN, [("REFERRAL_WITHDRAWN", "withdrawn")]),
        (Side.SOURCE, State.UNDELIVERABLE, [("REFERRAL_UNDELIVERABLE", "undeliverable")]),
        (Side.SOURCE, State.CLOSED, [("REFERRAL_CHANGED", "closed")]),
        (Side.TARGET, State.DRAFT, []),
        (Side.TARGET, State.SUBMITTED, []),
        (Side.TARGET, State.DELIVERED, [("REFERRAL_RECEIVED", "received")]),
        (Side.TARGET, State.IN_REVIEW, [("REFERRAL_CHANGED", "in_review")]),
        (Side.TARGET, State.ACCEPTED, [("REFERRAL_CHANGED", "accepted")]),
        (Side.TARGET, State.IN_SERVICE, [("REFERRAL_CHANGED", "in_service")]),
        (Side.TARGET, State.COMPLETED, [("REFERRAL_CHANGED", "completed")]),
        (Side.TARGET, State.DECLINED, [("REFERRAL_CHANGED", "turned_down")]),
        (Side.TARGET, State.WITHDRAWN, [("REFERRAL_WITHDRAWN", "withdrawn")]),
        (Side.TARGET, State.UNDELIVERABLE, []),
        (Side.TARGET, State.CLOSED, [("REFERRAL_CHANGED", "closed")]),
    ],
)
def test_each_side_hears_of_each_state_as_the_contract_says(
    side: Side, state: State, expected: list[tuple[str, str]]
) -> None:
    assert told(change(side, state)) == expected


def test_the_handoff_is_confirmed_only_at_the_source_and_only_when_the_signed_acceptance_is_there() -> None:
    assert told(change(Side.SOURCE, State.ACCEPTED, confirmed=True)) == [("HANDOFF_CONFIRMED", "handoff_confirmed")]
    assert told(change(Side.SOURCE, State.ACCEPTED)) == [("REFERRAL_CHANGED", "accepted")]
    assert told(change(Side.TARGET, State.ACCEPTED, confirmed=True)) == [("REFERRAL_CHANGED", "accepted")]


def test_a_handoff_whose_acceptance_was_overtaken_is_confirmed_by_the_next_state() -> None:
    steps = steps_of(change(Side.SOURCE, State.IN_SERVICE, 5, confirmed=True))
    assert [step.wording for step in steps] == ["handoff_confirmed", "in_service"]


def test_the_handoff_is_one_step_whichever_change_shows_it_first() -> None:
    way = [
        change(Side.SOURCE, State.ACCEPTED, 4, confirmed=True),
        change(Side.SOURCE, State.IN_SERVICE, 5, confirmed=True),
        change(Side.SOURCE, State.COMPLETED, 6, confirmed=True),
    ]
    for order in permutations([*way, *way]):
        keys = {step.key: step for one in order for step in steps_of(one)}
        assert sorted(step.wording for step in keys.values()) == ["completed", "handoff_confirmed", "in_service"]


@pytest.mark.parametrize("state", [State.DECLINED, State.WITHDRAWN, State.UNDELIVERABLE, State.CLOSED])
def test_an_end_confirms_no_handoff(state: State) -> None:
    assert Topic.HANDOFF_CONFIRMED not in {step.topic for step in steps_of(change(Side.SOURCE, state, confirmed=True))}


def test_a_refused_withdrawal_is_told_beside_the_state_that_was_told_before() -> None:
    before = steps_of(change(Side.SOURCE, State.IN_SERVICE, 5))
    after = steps_of(change(Side.SOURCE, State.IN_SERVICE, 5, conflict=True))
    assert [step.wording for step in after] == ["withdrawal_refused"]
    assert before[0].key != after[0].key


def test_a_state_that_comes_again_later_is_a_new_step() -> None:
    keys = {step.key for version in (3, 5) for step in steps_of(change(Side.TARGET, State.IN_REVIEW, version))}
    assert len(keys) == 2


def test_a_withdrawal_is_one_step_at_whatever_version_it_is_said_again() -> None:
    for side in Side:
        keys = {step.key for version in (3, 4, 9) for step in steps_of(change(side, State.WITHDRAWN, version))}
        assert len(keys) == 1


def test_what_is_withdrawn_after_a_refusal_is_another_step_and_repeats_stay_the_ones_they_were() -> None:
    (refusal,) = steps_of(change(Side.SOURCE, State.ACCEPTED, 4, conflict=True))
    first, repeat, second, later = (
        steps_of(change(Side.SOURCE, State.WITHDRAWN, version), told)[0].key
        for version, told in ((3, []), (3, [refusal.key]), (5, [refusal.key]), (6, [refusal.key, "3:submitted"]))
    )
    assert first == repeat
    assert second == later != first


def test_every_wording_is_used_and_every_topic_reached() -> None:
    steps = [
        step
        for side in Side
        for state in State
        for confirmed in (False, True)
        for conflict in (False, True)
        for step in steps_of(change(side, state, confirmed=confirmed, conflict=conflict))
    ]
    assert {step.wording for step in steps} == WORDINGS
    assert {step.topic for step in steps} == set(Topic)
    assert max(len(step.key) for step in steps_of(change(Side.SOURCE, State.CLOSED, 2**63 - 1))) <= 63


def test_the_number_is_short_begins_with_a_letter_and_is_the_same_on_both_sides() -> None:
    assert number_of(SUBJECT) == "R-3F9A01BC"
    assert number_of(SUBJECT.replace("dresden", "leipzig")) == number_of(SUBJECT)
