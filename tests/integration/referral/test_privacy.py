"""What a person says of itself is found with those who may read it, and nowhere else: a scan of all that is stored."""

from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from sqlmodel import select

from lotse.referral.v1 import case_pb2
from lotse.referral.v1 import referral_pb2 as r
from services.common.rpc.callers import Role
from services.referral.adapters.tables import OutgoingRow
from services.referral.domain.letters import RELEASE_NUMBER
from tests.integration.referral.people import CANARIES, TEXT_CANARY, case
from tests.integration.referral.steps import (
    both_prove,
    holds_a_person,
    keys_of,
    nothing_waits,
    person_arrived,
    submitted,
    taken_to,
)
from tests.integration.referral.world import CHEMNITZ, DRESDEN, LEIPZIG, Node, World, until
from tests.support.canaries import Scan
from tests.support.postgres import fresh_database, running_postgres

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORDS = (*CANARIES, TEXT_CANARY)


@pytest_asyncio.fixture(loop_scope="session", params=["sqlite", "postgres"])
async def stored(request: pytest.FixtureRequest, world: World) -> AsyncIterator[World]:
    """The federation on one kind of database, all of whose files lie in the federation's folder."""
    if request.param == "sqlite":
        yield world
        return
    async with running_postgres(world.folder / "postgres") as url:
        world.databases |= {region: await fresh_database(url) for region in (DRESDEN, LEIPZIG)}
        yield world


async def leaks(world: World) -> list[Path]:
    """Name every file of anybody in which a word stands; PostgreSQL has written all it knows before."""
    for url in world.databases.values():
        await in_postgres(url, "CHECKPOINT")
    kept = {path.name for path in world.folder.rglob("*") if path.is_file()}
    assert {"PG_VERSION", "postgres.log"} <= kept if world.databases else "referral.db" in kept
    assert (world.folder / "hub-store").is_dir()
    return Scan(WORDS).files(world.folder)


async def in_postgres(url: str, *statements: str) -> None:
    async with await psycopg.AsyncConnection.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for statement in statements:
            await connection.execute(statement.encode())


async def test_no_file_of_anybody_holds_a_person_in_the_clear(stored: World, logged: StringIO) -> None:
    world = stored
    async with world.broker(DRESDEN), world.broker(LEIPZIG), world.node(DRESDEN, broker=True) as dresden:
        referral = await submitted(dresden)

        async def sent() -> bool:
            return await nothing_waits(dresden)

        await until(sent)
        assert await leaks(world) == []
        assert not await was_released(dresden)
        control = world.folder / "control"
        control.write_text(CANARIES[0])
        assert await leaks(world) == [control]  # the scan looks where it should
        control.unlink()
        async with world.node(LEIPZIG, broker=True) as leipzig:
            await taken_to(leipzig, referral, r.REFERRAL_STATE_IN_REVIEW)
            await dresden.until_state(referral, r.REFERRAL_STATE_IN_REVIEW)
            assert not await was_released(dresden)
            assert not await holds_a_person(leipzig)
            assert await keys_of(leipzig) == 0
            assert await leaks(world) == []
            await leipzig.step("AcceptReferral", referral)
            await person_arrived(leipzig, referral)
            assert await was_released(dresden)
            assert await leaks(world) == []
            await leipzig.step("CompleteReferral", referral, outcome_code=r.OUTCOME_CODE_SOLVED)
            await dresden.until_state(referral, r.REFERRAL_STATE_COMPLETED)
            assert await leaks(world) == []
    for word in WORDS:
        assert word not in logged.getvalue()


async def was_released(source: Node) -> bool:
    """Say whether the source has ever sealed a person to another region: such a letter is noted for good."""
    async with source.service.database.reading() as session:
        letters = select(OutgoingRow).where(OutgoingRow.number == RELEASE_NUMBER)
        return bool((await session.exec(letters)).all())


async def test_a_word_that_postgres_writes_is_found_in_its_log_of_changes_and_in_its_tables(tmp_path: Path) -> None:
    async with running_postgres(tmp_path / "postgres") as url:
        database, data = await fresh_database(url), tmp_path / "postgres" / "data"
        scan = Scan(WORDS)
        assert scan.files(tmp_path) == []
        long = f"'{CANARIES[0]}' || repeat(' nichts weiter', 1000)"  # long enough to be packed
        await in_postgres(database, "CREATE TABLE notes (text text)", f"INSERT INTO notes VALUES ({long})")
        found = scan.files(tmp_path)
        assert any(path.parent == data / "pg_wal" for path in found)
        await in_postgres(database, "CHECKPOINT")
        assert any((data / "base") in path.parents for path in scan.files(tmp_path))
        async with await psycopg.AsyncConnection.connect(database.replace("+psycopg", "")) as connection:
            row = await (await connection.execute("SELECT pg_column_size(text) FROM notes")).fetchone()
            assert row is not None
            assert row[0] < 1_000  # it was packed indeed


async def test_only_counsellors_see_who_it_is(world: World) -> None:
    async with world.node(DRESDEN) as dresden, world.node(LEIPZIG) as leipzig:
        referral = await submitted(dresden)
        await taken_to(leipzig, referral, r.REFERRAL_STATE_ACCEPTED)
        await person_arrived(leipzig, referral)
        seen = {role: leipzig.clients[role] for role in (Role.COUNSELLOR, Role.COORDINATOR)}
        found = {
            role: (await client.call("GetReferral", name=leipzig.name(referral))).referral
            for role, client in seen.items()
        }
        assert found[Role.COUNSELLOR].person.name
        assert not found[Role.COORDINATOR].HasField("person")
        read = await dresden.call("GetCase", name=referral.case)
        assert CANARIES[0] in read.case.person.name
        as_hotline = await dresden.clients[Role.HOTLINE].call("GetCase", name=referral.case)
        assert as_hotline.case.has_person
        assert not as_hotline.case.HasField("person")
        for answer in (
            await dresden.call("ListCases", parent="regions/dresden"),
            await leipzig.call("ListReferrals", parent="regions/leipzig"),
        ):
            assert not any(word.encode() in answer.SerializeToString() for word in CANARIES)
        assert (await dresden.clients[Role.EDITOR].refused("GetCase", name=referral.case)).reason == "ROLE_NOT_ALLOWED"


async def test_an_erased_case_leaves_a_stub_here_and_nothing_there(world: World) -> None:
    async with world.node(DRESDEN) as dresden, world.node(LEIPZIG) as leipzig:
        referral = await submitted(dresden)
        await taken_to(leipzig, referral, r.REFERRAL_STATE_ACCEPTED)
        await person_arrived(leipzig, referral)
        await dresden.until_state(referral, r.REFERRAL_STATE_ACCEPTED)
        etag = (await dresden.call("GetCase", name=referral.case)).case.etag
        stub = (await dresden.call("EraseCase", name=referral.case, etag=etag)).case
        assert (stub.state, stub.intake_text, stub.has_person) == (case_pb2.CASE_STATE_ERASED, "", False)
        assert await keys_of(dresden) == 0
        await leipzig.until_state(referral, r.REFERRAL_STATE_WITHDRAWN)

        async def gone() -> bool:
            return await keys_of(leipzig) == 0

        await until(gone)
        await dresden.until_state(referral, r.REFERRAL_STATE_WITHDRAWN)
        await both_prove(referral, dresden, leipzig)
        assert (await dresden.call("EraseCase", name=stub.name, etag=stub.etag)).case == stub
        refused = await dresden.staff.refused("UpdateCase", case=case(name=stub.name, etag=stub.etag))
        assert refused.reason == "CASE_ERASED"


async def test_a_third_region_cannot_read_what_passes_by(world: World) -> None:
    async with world.node(CHEMNITZ) as chemnitz, world.node(DRESDEN) as dresden, world.node(LEIPZIG) as leipzig:
        referral = await submitted(dresden)
        await leipzig.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        assert not (await chemnitz.call("ListReferrals", parent="regions/chemnitz")).referrals
        assert (await chemnitz.staff.refused("GetReferral", name=referral.name)).reason == "FOREIGN_REGION"
