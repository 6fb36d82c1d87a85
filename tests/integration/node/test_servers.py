"""NATS, PostgreSQL and OpenSearch start, answer, stop, and find their data again after a crash."""

import asyncio
import http.client
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import nats
import psycopg
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError

from services.node.install.home import opensearch_home
from services.node.install.opensearch_lock import LOCK_FILE, read_lock
from services.node.servers.errors import ServerStartError
from services.node.servers.nats import running_nats
from services.node.servers.opensearch import running_opensearch
from services.node.servers.ports import claim_port, free_port, is_free
from tests.support.postgres import fresh_database, running_postgres

pytestmark = pytest.mark.asyncio(loop_scope="session")


def listener() -> socket.socket:
    """Someone else's server on a port of its choice."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken


def nats_config(folder: Path, *users: str) -> Path:
    entries = ", ".join(f'{{user: "{user}", password: "pass"}}' for user in users)
    path = folder / "nats.conf"
    path.write_text(f'host: 127.0.0.1\njetstream {{store_dir: "{folder}/js"}}\nauthorization {{users: [{entries}]}}\n')
    return path


async def connect(url: str, user: str = "anna") -> Client:
    async def quiet(_: Exception) -> None:
        """A refused login is an answer here, not an event for the log."""

    return await nats.connect(url, user=user, password="pass", allow_reconnect=False, connect_timeout=2, error_cb=quiet)


async def test_a_free_port_is_free_and_a_taken_one_is_not() -> None:
    assert is_free(free_port())
    with listener() as taken:
        assert not is_free(taken.getsockname()[1])


async def test_a_taken_port_is_named_with_what_to_do() -> None:
    with listener() as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServerStartError, match=rf"port {port} is in use[\s\S]*ss -ltnp"):
            await claim_port(port, "nats-server", grace_seconds=0.1)


async def test_a_port_that_gets_free_in_time_is_claimed() -> None:
    taken = listener()
    port = taken.getsockname()[1]
    asyncio.get_running_loop().call_later(0.2, taken.close)
    await claim_port(port, "nats-server")
    assert is_free(port)


async def test_nats_finds_its_stream_again_after_a_crash(tmp_path: Path) -> None:
    config, port, log_path = nats_config(tmp_path, "anna"), free_port(), tmp_path / "nats.log"
    async with running_nats(config, port=port, log_path=log_path) as server:
        client = await connect(server.url)
        jetstream = client.jetstream()
        await jetstream.add_stream(name="OFFERS", subjects=["offers.>"])
        await jetstream.publish("offers.1", b"language course")
        await client.close()
        server.child.kill()
        await server.child.wait()
    async with running_nats(config, port=port, log_path=log_path) as server:
        client = await connect(server.url)
        kept = await client.jetstream().get_last_msg("OFFERS", "offers.1")
        await client.close()
    assert kept.data == b"language course"
    assert server.child.returncode == 0


async def test_nats_learns_of_a_new_user_by_a_reload(tmp_path: Path) -> None:
    config = nats_config(tmp_path, "anna")
    async with running_nats(config, port=free_port(), log_path=tmp_path / "nats.log") as server:
        nats_config(tmp_path, "anna", "berta")
        server.reload()
        async with asyncio.timeout(10):
            while True:
                if await can_log_in(server.url, "berta"):
                    return
                await asyncio.sleep(0.05)


async def can_log_in(url: str, user: str) -> bool:
    try:
        client = await connect(url, user)
    except (NatsError, OSError):  # refused in words, or by hanging up before they were read
        return False
    await client.close()
    return True


async def test_nats_on_a_taken_port_is_a_clear_error(tmp_path: Path) -> None:
    with listener() as taken, pytest.raises(ServerStartError, match="is in use"):
        async with running_nats(
            nats_config(tmp_path, "anna"), port=taken.getsockname()[1], log_path=tmp_path / "nats.log"
        ):
            pass


async def test_nats_with_a_broken_configuration_says_what_it_said(tmp_path: Path) -> None:
    config = tmp_path / "nats.conf"
    config.write_text("jetstream { nonsense\n")
    with pytest.raises(ServerStartError) as caught:
        async with running_nats(config, port=free_port(), log_path=tmp_path / "nats.log"):
            pass
    assert "Parse error on line 2" in caught.value.log_tail
    assert f"Check the configuration {config}" in str(caught.value)


async def test_postgres_finds_its_data_again_after_a_crash(tmp_path: Path) -> None:
    async with running_postgres(tmp_path / "postgres") as url:
        database = await fresh_database(url)
        async with await psycopg.AsyncConnection.connect(plain(database)) as connection:
            await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        postmaster = int((tmp_path / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGKILL)
    async with running_postgres(tmp_path / "postgres") as again:
        moved = f"{again.rpartition('/')[0]}/{database.rpartition('/')[2]}"
        async with await psycopg.AsyncConnection.connect(plain(moved)) as connection:
            row = await (await connection.execute("SELECT answer, current_setting('fsync') FROM kept")).fetchone()
    assert row == (42, "on")


async def test_two_fresh_databases_do_not_share_tables(tmp_path: Path) -> None:
    async with running_postgres(tmp_path / "postgres") as url:
        first, second = await fresh_database(url), await fresh_database(url)
        async with await psycopg.AsyncConnection.connect(plain(first)) as connection:
            await connection.execute("CREATE TABLE mine ()")
        async with await psycopg.AsyncConnection.connect(plain(second)) as connection:
            row = await (await connection.execute("SELECT to_regclass('mine')")).fetchone()
    assert row == (None,)


def plain(url: str) -> str:
    return url.replace("+psycopg", "")


async def test_opensearch_finds_its_documents_again_after_a_crash(tmp_path: Path) -> None:
    home, port = opensearch_home(read_lock(LOCK_FILE)), free_port()
    async with running_opensearch(home, tmp_path, port=port, quick=True) as server:
        assert server.url == f"http://127.0.0.1:{port}"
        # The start left nothing behind, and Thai, which a small Java lacks, is analysed.
        assert await ask(port, "GET", "/_cat/indices?format=json") == []
        tokens = await ask(port, "POST", "/_analyze", {"analyzer": "thai", "text": "ภาษาไทย"})
        assert [token["token"] for token in tokens["tokens"]] == ["ภาษา", "ไทย"]
        await ask(port, "PUT", "/offers", {"settings": {"number_of_replicas": 0}})
        await ask(port, "PUT", "/offers/_doc/1", {"title": "Deutschkurs"})
        server.child.kill()
        await server.child.wait()
    async with running_opensearch(home, tmp_path, port=port, quick=True) as server:
        found = await ask(port, "GET", "/offers/_doc/1")
    assert found["_source"] == {"title": "Deutschkurs"}
    assert server.child.returncode == 128 + signal.SIGTERM  # Java's way of saying that it was asked to go


async def test_opensearch_that_is_not_installed_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(ServerStartError, match="make setup"):
        async with running_opensearch(tmp_path / "nowhere", tmp_path / "base"):
            pass


async def ask(port: int, method: str, path: str, body: Any = None) -> Any:
    def request() -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json"})
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    return await asyncio.to_thread(request)
