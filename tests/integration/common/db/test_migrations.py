"""Code runs only on tables that suit it, and two replicas do not upgrade at once."""

import asyncio
import shutil
import sys
from asyncio.subprocess import PIPE
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from services.common.db.engine import connect_database
from services.common.db.migrations import WrongDatabaseVersion, check, differences, upgrade
from services.common.db.revise import write_revision
from services.common.errors import ComeBackLater
from tests.integration.common.db.conftest import TINY_MIGRATIONS
from tests.integration.common.db.tiny.tables import NoteRow, RemarkRow

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECOND = '''
"""A revision that the test writes."""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None


def upgrade() -> None:
    {body}
'''
REPOSITORY = Path(__file__).parents[4]


@pytest.fixture
def newer_code(tmp_path: Path) -> Path:
    """The migrations of a next release, whose second revision still lacks its body."""
    folder = tmp_path / "next release 100%"
    shutil.copytree(TINY_MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def _add_second(folder: Path, body: str) -> None:
    (folder / "versions" / "0002_next.py").write_text(SECOND.format(body=body))


async def test_upgrading_twice_changes_nothing(tiny_url: str) -> None:
    async with connect_database(tiny_url) as database, database.transaction() as session:
        session.add(NoteRow(id="a"))
    await upgrade(tiny_url, TINY_MIGRATIONS, "tiny")
    await check(tiny_url, TINY_MIGRATIONS, "tiny")
    async with connect_database(tiny_url) as database, database.reading() as session:
        assert [note.id for note in await session.exec(select(NoteRow))] == ["a"]


async def test_the_revisions_make_exactly_the_tables_of_the_code(tiny_url: str) -> None:
    assert await differences(tiny_url, TINY_MIGRATIONS, "tiny") == ""


async def test_a_difference_between_code_and_revisions_is_named(tiny_url: str) -> None:
    async with connect_database(tiny_url) as database, database.transaction() as session:
        await (await session.connection()).execute(text("ALTER TABLE note DROP COLUMN facts"))
    assert "facts" in await differences(tiny_url, TINY_MIGRATIONS, "tiny")


async def test_a_database_of_a_newer_version_is_refused_and_says_what_to_do(tiny_url: str, newer_code: Path) -> None:
    _add_second(newer_code, "op.add_column('note', sa.Column('colour', sa.String(9)))")
    await upgrade(tiny_url, newer_code, "tiny")
    for refused in (upgrade, check):
        with pytest.raises(WrongDatabaseVersion, match=r"tables of tiny are at revision 0002.*Install that version"):
            await refused(tiny_url, TINY_MIGRATIONS, "tiny")


async def test_a_database_that_was_not_upgraded_yet_is_told_from_a_right_one(database_url: str) -> None:
    with pytest.raises(WrongDatabaseVersion, match="run the upgrade first"):
        await check(database_url, TINY_MIGRATIONS, "tiny")


async def test_an_upgrade_that_fails_leaves_the_tables_as_they_were(tiny_url: str, newer_code: Path) -> None:
    _add_second(newer_code, "op.add_column('note', sa.Column('colour', sa.String(9))); raise LookupError")
    with pytest.raises(LookupError):
        await upgrade(tiny_url, newer_code, "tiny")
    await check(tiny_url, TINY_MIGRATIONS, "tiny")
    assert await differences(tiny_url, TINY_MIGRATIONS, "tiny") == ""


async def test_rebuilding_a_table_keeps_the_rows_that_point_to_it(tiny_url: str, newer_code: Path) -> None:
    async with connect_database(tiny_url) as database, database.transaction() as session:
        session.add(NoteRow(id="a"))
        await session.flush()
        session.add(RemarkRow(note_id="a"))
    _add_second(
        newer_code,
        "with op.batch_alter_table('note') as note: note.alter_column('id', type_=sa.String(40), nullable=False)",
    )
    await upgrade(tiny_url, newer_code, "tiny")
    async with connect_database(tiny_url) as database, database.reading() as session:
        assert [remark.note_id for remark in await session.exec(select(RemarkRow))] == ["a"]


async def test_an_upgrade_that_would_break_references_is_undone_in_sqlite(tmp_path: Path, newer_code: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/store.db"
    await upgrade(url, TINY_MIGRATIONS, "tiny")
    async with connect_database(url) as database, database.transaction() as session:
        session.add(NoteRow(id="a"))
        await session.flush()
        session.add(RemarkRow(note_id="a"))
    _add_second(newer_code, "op.execute('DELETE FROM note')")
    with pytest.raises(WrongDatabaseVersion, match="1 rows in remark"):
        await upgrade(url, newer_code, "tiny")
    await check(url, TINY_MIGRATIONS, "tiny")


async def test_replicas_that_upgrade_at_once_wait_for_each_other(database_url: str) -> None:
    # Each says that it has loaded everything and waits for the word, so that all really begin together.
    program = (
        "import asyncio, sys; from pathlib import Path; from services.common.db.migrations import upgrade;"
        "print(flush=True); sys.stdin.readline(); asyncio.run(upgrade(sys.argv[1], Path(sys.argv[2]), 'tiny'))"
    )
    command = (sys.executable, "-W", "error", "-c", program, database_url, str(TINY_MIGRATIONS))
    start = partial(asyncio.create_subprocess_exec, cwd=REPOSITORY, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    async with asyncio.timeout(60):
        replicas = [await start(*command) for _ in range(3)]
        for replica in replicas:
            assert replica.stdout is not None
            await replica.stdout.readline()
        outputs = await asyncio.gather(*(replica.communicate(b"go\n") for replica in replicas))
    assert [replica.returncode for replica in replicas] == [0, 0, 0], outputs
    await check(database_url, TINY_MIGRATIONS, "tiny")


async def test_services_of_one_process_may_upgrade_side_by_side(database_url: str, tmp_path: Path) -> None:
    other = f"sqlite+aiosqlite:///{tmp_path}/other.db"
    await asyncio.gather(*(upgrade(url, TINY_MIGRATIONS, "tiny") for url in (database_url, other, database_url)))
    for url in (database_url, other):
        await check(url, TINY_MIGRATIONS, "tiny")


async def test_a_database_that_is_away_cannot_be_upgraded_now() -> None:
    with pytest.raises(ComeBackLater) as caught:
        await upgrade("postgresql+psycopg://anna:secret@127.0.0.1:1/x", TINY_MIGRATIONS, "tiny")
    assert "anna" not in repr(caught.value)


async def test_a_new_revision_is_written_from_what_the_code_has_more(tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    shutil.copy(TINY_MIGRATIONS / "env.py", folder)
    written = await write_revision(folder, "tiny", "Create notes")
    assert written.name == "0001_create_notes.py"
    url = f"sqlite+aiosqlite:///{tmp_path}/store.db"
    await upgrade(url, folder, "tiny")
    assert await differences(url, folder, "tiny") == ""
    assert "def upgrade" in (await write_revision(folder, "tiny", "Nothing new")).read_text()
