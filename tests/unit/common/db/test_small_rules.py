"""The signal loses no wake-up, versions keep their order as numbers, and bad set-ups are refused at once."""

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.db.connections import checked_url
from services.common.db.inbox import EPOCH_STEP, Version
from services.common.db.locks import lock_number
from services.common.db.outbox import OutboxRecord
from services.common.db.wake import OutboxSignal

VERSIONS = st.builds(Version, st.integers(1, 2**22 - 1), st.integers(1, EPOCH_STEP - 1))


@pytest.mark.asyncio(loop_scope="session")
async def test_rows_that_came_before_the_wait_end_it_at_once() -> None:
    signal = OutboxSignal()
    seen = signal.count
    signal.notify()
    assert await signal.wait_beyond(seen, timeout_seconds=5)


@pytest.mark.asyncio(loop_scope="session")
async def test_everyone_who_waits_is_woken_and_who_has_seen_it_goes_on_waiting() -> None:
    signal = OutboxSignal()
    waiting = [asyncio.create_task(signal.wait_beyond(0, timeout_seconds=5)) for _ in range(3)]
    await asyncio.sleep(0)
    signal.notify()
    assert await asyncio.gather(*waiting) == [True, True, True]
    assert not await signal.wait_beyond(signal.count, timeout_seconds=0.01)


@given(VERSIONS, VERSIONS)
def test_versions_have_the_same_order_as_numbers(one: Version, other: Version) -> None:
    assert (one < other) == (one.external < other.external)
    assert max(one.external, other.external) < 2**63  # what OpenSearch and both databases hold


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
        "sqlite:///anna.db",
        "postgresql://anna@127.0.0.1/x",
        "postgresql+asyncpg://anna@127.0.0.1/x",
        "mysql+aiomysql://anna@127.0.0.1/x",
    ],
)
def test_a_database_without_our_promises_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="a database URL starts with") as caught:
        checked_url(url)
    assert "anna" not in str(caught.value)


def test_a_tombstone_tells_nothing() -> None:
    with pytest.raises(ValueError, match="no body"):
        OutboxRecord("offer", "a", 1, 2, deleted=True, body=b"text", time=datetime(2026, 11, 22, tzinfo=UTC))


def test_locks_of_different_names_have_different_numbers_that_postgres_takes() -> None:
    numbers = {lock_number(f"migrations:{name}") for name in ("directory", "search", "referral")}
    assert len(numbers) == 3
    assert all(-(2**63) <= number < 2**63 for number in numbers)
