"""The demo through its real command: the story comes true, two at once do not collide, and nothing is left behind."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.commands import COMMAND, processes_below, surroundings
from tests.support.processes import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY_SECONDS = 240.0
"""It takes 20 to 30 s on an idle machine of two cores; two at once on a busy one take minutes."""


class Demo:
    """A running demo; its nodes live below `folder`."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self.folder = folder

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()

    async def until_said(self, text: str) -> None:
        async def is_said() -> bool:
            return text in self.said or self.process.returncode is not None

        await until(is_said, text, STORY_SECONDS)
        assert text in self.said, self.said

    async def until_running(self, program: str) -> None:
        async def runs() -> bool:
            return any(program in line for line in processes_below(self.folder)) or self.process.returncode is not None

        await until(runs, program, STORY_SECONDS)

    async def ended(self) -> int:
        return await asyncio.wait_for(self.process.wait(), STORY_SECONDS)

    async def until_nothing_runs(self) -> None:
        async def is_quiet() -> bool:
            return processes_below(self.folder) == []

        await until(is_quiet, f"no process left: {processes_below(self.folder)}", seconds=20)

    def folders(self) -> list[str]:
        return [path.name for path in self.folder.iterdir() if path.name != "said"]


@asynccontextmanager
async def playing(folder: Path, *options: str) -> AsyncIterator[Demo]:
    """Start `lotse demo` with its temporary folder below `folder`; whatever happens it is gone afterwards."""
    said = opened(folder)
    try:
        process = await asyncio.create_subprocess_exec(
            COMMAND,
            "demo",
            "--nodes",
            "2",
            *options,
            stdout=said,
            stderr=said,
            env=surroundings(TMPDIR=str(folder)),
            start_new_session=True,
        )
    finally:
        os.close(said)
    try:
        yield Demo(process, folder)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def opened(folder: Path) -> int:
    """Make the folder with a file for what is said."""
    folder.mkdir()
    return os.open(folder / "said", os.O_WRONLY | os.O_CREAT)


async def test_two_demos_at_once_tell_their_story_and_leave_nothing(tmp_path: Path) -> None:
    async with playing(tmp_path / "one", "--once") as one, playing(tmp_path / "two") as two:
        await two.until_said("It stays up until Ctrl-C")
        assert processes_below(two.folder)
        two.process.send_signal(signal.SIGINT)
        codes = await one.ended(), await two.ended()
        assert codes == (0, 0), one.said + two.said
        for demo in (one, two):
            assert processes_below(demo.folder) == []
            assert demo.folders() == []
            assert "✘" not in demo.said
            assert "from save to findable" in demo.said
            assert demo.said.count("Wegweiser Wohnung, Kita und Schule in Dresden – jetzt mit Kita-Sprechstunde") >= 4


async def test_a_killed_demo_leaves_no_process(tmp_path: Path) -> None:
    async with playing(tmp_path / "killed") as demo:
        await demo.until_running("opensearch")
        assert any("nats-server" in line for line in processes_below(demo.folder))
        demo.process.kill()
        assert await demo.ended() == -signal.SIGKILL
        await demo.until_nothing_runs()


async def test_a_demo_can_be_stopped_in_the_middle_of_its_start(tmp_path: Path) -> None:
    async with playing(tmp_path / "stopped", "--once") as demo:
        await demo.until_running("nats-server")
        # As Ctrl-C in a terminal does: the whole process group hears it.
        os.killpg(demo.process.pid, signal.SIGINT)
        assert await demo.ended() == 130, demo.said
        assert processes_below(demo.folder) == []
        assert demo.folders() == []
        assert "Traceback" not in demo.said
