"""A region that floods is paused, alone, and comes back."""

from services.common.messaging.flood import (
    MOST_BAD,
    MOST_PUT_BACK,
    PAUSE_SECONDS,
    WINDOW_SECONDS,
    FloodGuard,
    Verdict,
)


class Time:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_up_to_a_hundred_bad_messages_a_minute_are_parked_without_a_pause() -> None:
    time = Time()
    guard = FloodGuard(time)
    for _ in range(10):
        guard.note_bad("dresden", MOST_BAD)
        assert guard.verdict("dresden") is Verdict.READ
        time.now += WINDOW_SECONDS


def test_more_pause_that_region_and_no_other() -> None:
    guard = FloodGuard(Time())
    guard.note_bad("dresden", MOST_BAD)
    guard.note_bad("dresden", 1)
    assert guard.paused() == ("dresden",)
    assert guard.verdict("dresden") is Verdict.PUT_BACK
    assert guard.verdict("leipzig") is Verdict.READ


def test_after_a_minute_the_region_is_read_again() -> None:
    time = Time()
    guard = FloodGuard(time)
    guard.note_bad("dresden", MOST_BAD + 1)
    time.now += PAUSE_SECONDS + 1
    assert guard.verdict("dresden") is Verdict.READ
    assert guard.paused() == ()


def test_paused_regions_cannot_take_all_places_of_the_durable() -> None:
    time = Time()
    guard = FloodGuard(time)
    for region in ("dresden", "leipzig"):
        guard.note_bad(region, MOST_BAD + 1)
    verdicts = [guard.verdict(region) for _ in range(MOST_PUT_BACK) for region in ("dresden", "leipzig")]
    assert verdicts.count(Verdict.PUT_BACK) == MOST_PUT_BACK
    assert sum(guard.skipped.values()) == MOST_PUT_BACK


def test_messages_that_name_no_region_pause_nobody() -> None:
    guard = FloodGuard(Time())
    guard.note_bad("", 10 * MOST_BAD)
    assert guard.verdict("") is Verdict.READ


def test_what_was_skipped_is_looked_for_again_once_the_pause_is_over() -> None:
    time = Time()
    guard = FloodGuard(time)
    guard.note_bad("dresden", MOST_BAD + 1)
    for _ in range(MOST_PUT_BACK + 1):
        guard.verdict("dresden")
    assert guard.skipped == {"dresden": 1}
    assert not guard.look_again()
    time.now += PAUSE_SECONDS + 1
    assert guard.look_again()
    assert not guard.skipped
    assert not guard.look_again()


def test_the_stream_is_not_read_again_and_again_because_of_one_that_goes_on_flooding() -> None:
    time = Time()
    guard = FloodGuard(time)
    resets = 0
    for _ in range(20):
        guard.note_bad("dresden", MOST_BAD + 1)
        for _ in range(MOST_PUT_BACK + 1):
            guard.verdict("dresden")
        time.now += PAUSE_SECONDS + 1
        resets += guard.look_again()
    # After 61 s for the first time, and then not before 600 s have passed: 20 rounds are 1,220 s.
    assert resets == 2
