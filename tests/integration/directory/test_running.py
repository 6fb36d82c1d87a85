"""How the service starts, keeps house, and stops."""

import asyncio
import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from services.common.clock import utc_now
from services.common.db import migrations
from services.common.rpc.client import connect
from services.common.settings import StartupError
from services.directory.adapters.sql import SqlDirectoryStore
from services.directory.app import MIGRATIONS, RunningDirectory, running
from services.directory.housekeeping import Housekeeping
from services.directory.settings import DirectorySettings
from services.node.servers.ports import free_port
from tests.integration.directory.client import Client, TokenMaker, sent
from tests.integration.directory.records import PARENT, name

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_migrations_make_the_tables_of_the_code(database_url: str) -> None:
    await migrations.upgrade(database_url, MIGRATIONS, "directory")
    assert await migrations.differences(database_url, MIGRATIONS, "directory") == ""


async def test_what_was_deleted_long_ago_vanishes_and_its_id_is_free(
    directory: RunningDirectory, editor: Client
) -> None:
    await editor.make_partner()
    offer = await editor.publish(await editor.make_offer())
    await editor.call("DeleteOffer", name=offer.name, etag=offer.etag)
    store = SqlDirectoryStore(directory.database, 1)

    def in_a_month() -> datetime:
        return utc_now() + timedelta(days=31)

    assert await Housekeeping(store, utc_now, timedelta(days=2), 60).once() == 0
    assert await Housekeeping(store, in_a_month, timedelta(days=2), 60).once() == 1
    assert (await editor.refused("GetOffer", name=offer.name)).reason == "RESOURCE_NOT_FOUND"
    refusal = await editor.refused("UndeleteOffer", name=offer.name, etag=offer.etag)
    assert refusal.reason == "RESOURCE_NOT_FOUND"
    again = await editor.publish(await editor.make_offer())
    assert again.uid != offer.uid
    assert [row.revision for row in await sent(directory.database, "offer")] == [1, 2, 3]


async def test_operators_see_readiness_and_figures(directory_settings: DirectorySettings) -> None:
    settings = directory_settings.model_copy(update={"ops_address": "127.0.0.1:0"})
    async with running(settings) as service, aiohttp.ClientSession() as web:
        async with web.get(f"http://127.0.0.1:{service.ops_port}/readyz") as answer:
            assert answer.status == 200
        async with web.get(f"http://127.0.0.1:{service.ops_port}/metrics") as answer:
            assert "lotse_rpc_calls" in await answer.text()


async def test_a_secret_that_is_missing_or_short_stops_the_start(
    directory_settings: DirectorySettings, tmp_path: Path
) -> None:
    for content in (None, b"short"):
        path = tmp_path / "secret"
        if content is not None:
            path.write_bytes(content)
        settings = directory_settings.model_copy(update={"page_token_secret_file": path})
        with pytest.raises(StartupError, match="LOTSE_PAGE_TOKEN_SECRET_FILE"):
            async with running(settings):
                pass


async def test_page_tokens_outlive_the_process_when_the_secret_does(
    directory_settings: DirectorySettings, new_token: TokenMaker, tmp_path: Path
) -> None:
    # White space at the ends is part of it, as of any random bytes.
    (tmp_path / "secret").write_bytes(b" " + os.urandom(30) + b"\n")
    settings = directory_settings.model_copy(update={"page_token_secret_file": tmp_path / "secret"})
    page_token = ""
    for _ in range(2):
        async with running(settings) as service, connect(f"127.0.0.1:{service.port}", new_token()) as channel:
            editor = Client(channel)
            if not page_token:
                for record_id in ("a", "b"):
                    await editor.make_partner(record_id)
            page = await editor.call("ListPartners", parent=PARENT, page_size=1, page_token=page_token)
            page_token = page.next_page_token
    assert [partner.name for partner in page.partners] == [name("partners", "b")]


async def test_the_program_serves_until_it_is_told_to_stop(
    tmp_path: Path, directory_settings: DirectorySettings
) -> None:
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "LOTSE_REGION": "dresden",
        "LOTSE_SERVER__ADDRESS": f"127.0.0.1:{port}",
        "LOTSE_SERVER__TOKENS_FILE": str(directory_settings.server.tokens_file),
        "LOTSE_DIRECTORY_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/program.db",
    }
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.directory"),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    assert program.stderr is not None
    async with asyncio.timeout(30):
        while b"server.started" not in (line := await program.stderr.readline()):
            assert line, "the program ended before it served"
        program.send_signal(signal.SIGTERM)
        rest = await program.stderr.read()
        assert await program.wait() == 0
    assert b"server.stopped" in rest
