"""When a region's offers count as fresh."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.search.domain.coverage import SILENCE, CoverageState, ReaderFacts, StoredFacts, state_of

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
AGES = st.timedeltas(timedelta(0), timedelta(days=2))


def judged(stored: StoredFacts, reader: ReaderFacts | None = None) -> CoverageState:
    return state_of("dresden", stored, reader or ReaderFacts(), NOW)


def test_nothing_heard_is_never_heard() -> None:
    assert judged(StoredFacts()) is CoverageState.NEVER_HEARD
    assert judged(StoredFacts(), ReaderFacts(messages_wait=True)) is CoverageState.NEVER_HEARD


def test_offers_without_a_sign_of_life_are_stale() -> None:
    assert judged(StoredFacts(offers=3, last_change_time=NOW)) is CoverageState.STALE


def test_a_recent_head_with_nothing_missing_is_fresh() -> None:
    assert judged(StoredFacts(3, 3, NOW - SILENCE, NOW)) is CoverageState.FRESH
    assert judged(StoredFacts(3, None, NOW - SILENCE, NOW)) is CoverageState.FRESH
    assert judged(StoredFacts(4, 3, NOW, NOW)) is CoverageState.FRESH


def test_fewer_offers_than_the_owner_has_are_not_complete() -> None:
    assert judged(StoredFacts(2, 3, NOW, NOW)) is CoverageState.CATCHING_UP


def test_a_paused_region_is_paused_whatever_else_is_known() -> None:
    reader = ReaderFacts(messages_wait=True, paused_regions=frozenset({"dresden"}))
    assert judged(StoredFacts(), reader) is CoverageState.PAUSED
    assert (
        judged(StoredFacts(3, 3, NOW, NOW), ReaderFacts(paused_regions=frozenset({"leipzig"}))) is CoverageState.FRESH
    )


def test_a_region_heard_directly_needs_no_head() -> None:
    reader = ReaderFacts(heard_directly={"dresden": NOW})
    assert judged(StoredFacts(offers=3, last_change_time=NOW), reader) is CoverageState.FRESH


@given(AGES, st.booleans(), st.integers(0, 5), st.none() | st.integers(0, 5))
def test_fresh_means_a_recent_sign_of_life_and_nothing_missing(
    age: timedelta, waits: bool, held: int, at_owner: int | None
) -> None:
    state = judged(StoredFacts(held, at_owner, NOW - age, NOW), ReaderFacts(messages_wait=waits))
    complete = not waits and age <= SILENCE and (at_owner is None or held >= at_owner)
    assert (state is CoverageState.FRESH) == complete
