"""The same request_id has one effect and one answer."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.common.db import requests
from services.common.db.engine import Database
from services.common.db.requests import AlreadyAnswered, RequestKey
from services.common.errors import ChooseAnother
from tests.integration.common.db.tiny.tables import NoteRow

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = RequestKey("token-1", "5f2b7d0e-6f0c-4a5e-9d57-0d5f1f3f1a11", "/lotse.x.v1.Notes/Create", b"\x01" * 32)


async def _notes(database: Database) -> list[str]:
    async with database.reading() as session:
        return [note.id for note in await session.exec(select(NoteRow))]


async def test_twenty_at_once_have_one_effect_and_the_same_answer(database: Database) -> None:
    runs = 0

    async def create(session: AsyncSession) -> bytes:
        nonlocal runs
        runs += 1
        # A chosen id: a second run would not be told the answer, but that the id is taken.
        session.add(NoteRow(id="chosen"))
        await session.flush()
        return f"answer of run {runs}".encode()

    answers = await asyncio.gather(*(requests.answer_once(database, KEY, NOON, create) for _ in range(20)))
    assert set(answers) == {b"answer of run 1"}
    assert runs == 1
    assert await _notes(database) == ["chosen"]


async def test_twenty_who_do_not_look_first_still_have_one_effect(database: Database) -> None:
    async def create(number: int) -> None:
        async with database.transaction() as session:
            session.add(NoteRow(id=f"n{number}"))
            await requests.remember(session, KEY, b"answer", NOON)

    outcomes = await asyncio.gather(*(create(number) for number in range(20)), return_exceptions=True)
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, AlreadyAnswered) for outcome in outcomes) == 19
    assert len(await _notes(database)) == 1


@pytest.mark.parametrize("changed", [{"method": "/lotse.x.v1.Notes/Delete"}, {"content_hash": b"\x02" * 32}])
async def test_an_id_used_for_something_else_is_refused(database: Database, changed: dict[str, str]) -> None:
    async with database.transaction() as session:
        await requests.remember(session, KEY, b"answer", NOON)
    with pytest.raises(ChooseAnother) as caught:
        async with database.transaction() as session:
            await requests.find(session, replace(KEY, **changed))  # type: ignore[arg-type]
    assert caught.value.reason == "REQUEST_ID_REUSED"


async def test_callers_do_not_meet_in_each_others_ids(database: Database) -> None:
    async with database.transaction() as session:
        await requests.remember(session, KEY, b"answer", NOON)
        assert await requests.find(session, replace(KEY, caller="token-2")) is None


async def test_a_failed_effect_is_not_remembered(database: Database) -> None:
    async def fail(_session: AsyncSession) -> bytes:
        raise LookupError

    with pytest.raises(LookupError):
        await requests.answer_once(database, KEY, NOON, fail)
    async with database.reading() as session:
        assert await requests.find(session, KEY) is None


async def test_old_answers_are_forgotten(database: Database) -> None:
    async with database.transaction() as session:
        await requests.remember(session, KEY, b"answer", NOON)
        await requests.remember(session, replace(KEY, caller="token-2"), b"answer", NOON + timedelta(days=2))
        assert await requests.forget_older(session, NOON + timedelta(days=1)) == 1
        assert await requests.find(session, KEY) is None
