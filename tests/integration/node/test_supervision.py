"""A server that ends by itself comes back at its address; one that cannot begin says so; none outlives its block."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.node.servers.child import Child, ChildSpec, running_child
from services.node.servers.errors import ServerStartError
from services.node.servers.nats import NatsProcess, running_nats
from services.node.servers.ports import free_port
from services.node.supervision import Supervised
from tests.support.commands import processes_below
from tests.support.processes import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass(frozen=True, slots=True)
class Sleeper:
    """A small server: a process that sleeps and names its folder in its command line, so that it can be found."""

    url: str
    child: Child


class Sleepers:
    """Starts sleepers, and does before a start what a test wants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.starts = 0
        self.refusals = 0

    @asynccontextmanager
    async def start(self) -> AsyncIterator[Sleeper]:
        self.starts += 1
        if self.starts > 1 and self.refusals:
            self.refusals -= 1
            raise OSError("no room")
        command = (sys.executable, "-c", "import time; time.sleep(600)", str(self.folder))
        async with running_child(ChildSpec("sleeper", command, self.folder / "log")) as child:
            yield Sleeper("sleeper:1", child)


async def test_a_killed_server_comes_back_on_its_port(tmp_path: Path) -> None:
    config, port = tmp_path / "nats.conf", free_port()
    config.write_text('host: "127.0.0.1"\n')

    def start() -> AbstractAsyncContextManager[NatsProcess]:
        return running_nats(config, port=port, log_path=tmp_path / "nats.log")

    supervised = Supervised("broker", start)
    async with supervised.running() as first:
        first.child.kill()

        async def is_back() -> bool:
            return supervised.starts == 2

        await until(is_back, "the second start")
        assert supervised.process is not None
        assert supervised.process.url == first.url
        assert supervised.pid != first.child.pid
    assert supervised.process.child.returncode is not None


async def test_a_server_that_cannot_begin_raises_its_own_last_words(tmp_path: Path) -> None:
    config, port = tmp_path / "nats.conf", free_port()
    config.write_text("listen: nonsense:\n")
    supervised = Supervised("broker", lambda: running_nats(config, port=port, log_path=tmp_path / "nats.log"))
    with pytest.raises(ServerStartError, match="nats-server did not start"):
        async with supervised.running():
            pytest.fail("it began")


async def test_whatever_keeps_a_server_from_its_first_start_is_raised(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.write_text("a file where the folder should be")
    with pytest.raises(FileExistsError):
        async with Supervised("sleeper", Sleepers(folder).start).running():
            pytest.fail("it began")


async def test_later_starts_are_repeated_until_one_succeeds(tmp_path: Path) -> None:
    sleepers = Sleepers(tmp_path)
    sleepers.refusals = 2
    supervised = Supervised("sleeper", sleepers.start)
    async with supervised.running() as first:
        first.child.kill()

        async def is_back() -> bool:
            return supervised.starts == 2

        await until(is_back, "a start after two refusals")
        assert sleepers.starts == 4
    assert processes_below(tmp_path) == []


async def test_a_start_can_be_given_up_in_its_middle(tmp_path: Path) -> None:
    @asynccontextmanager
    async def start() -> AsyncIterator[Sleeper]:
        async with Sleepers(tmp_path).start() as sleeper:
            await asyncio.Event().wait()  # as OpenSearch, which takes a minute to answer
            yield sleeper

    async def begin() -> None:
        async with Supervised("engine", start).running():
            pytest.fail("it began")

    task = asyncio.create_task(begin())

    async def has_begun() -> bool:
        return processes_below(tmp_path) != []

    await until(has_begun, "the process")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert processes_below(tmp_path) == []


async def test_an_error_inside_the_block_ends_the_server_and_passes(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with Supervised("sleeper", Sleepers(tmp_path).start).running():
            raise ZeroDivisionError
    assert processes_below(tmp_path) == []
