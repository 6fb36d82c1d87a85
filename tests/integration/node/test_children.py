"""Child processes end with us, whatever happens to us."""

import asyncio
import os
import signal
import sys
import tempfile
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from services.node.servers import launch
from services.node.servers.child import ChildSpec, running_child
from services.node.servers.errors import ServerStartError

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 10.0
SOMEONE = 12_345  # a user that need not exist


def shell(tmp_path: Path, script: str, **options: object) -> ChildSpec:
    return ChildSpec("shell", ("sh", "-c", script), tmp_path / "shell.log", **options)  # type: ignore[arg-type]


def is_alive(pid: int) -> bool:
    """A zombie has ended: it only waits for someone to ask for its exit code."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


async def until_gone(pid: int) -> None:
    await until(lambda: not is_alive(pid))


async def until_logged(spec: ChildSpec, text: str) -> None:
    await until(lambda: text in spec.log_path.read_text())


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder any user can walk to; pytest's own ones are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(params=["as we are", "to nobody", "to the owner of a private home", "in a namespace"])
def folder_and_step_down(request: pytest.FixtureRequest, tmp_path: Path, open_folder: Path) -> tuple[Path, bool]:
    """A folder for the child. Without root all ways are the first: there is nothing to step down from."""
    if request.param == "in a namespace":
        return tmp_path, True  # pytest's folders are closed to others, and ours
    if request.param == "to the owner of a private home":
        home = open_folder / "home"
        (home / "inner").mkdir(parents=True)
        home.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(home, SOMEONE, SOMEONE)
        return home / "inner", True
    return open_folder, request.param == "to nobody"


PARENT = """
import asyncio
from pathlib import Path
from services.node.servers.child import ChildSpec, running_child

async def main():
    folder = Path({folder!r})
    command = ("sh", "-c", "echo up; exec sleep 600")
    spec = ChildSpec("sleep", command, folder / "log", step_down={step_down}, owns=(folder,))
    async with running_child(spec) as child:
        while "up" not in spec.log_path.read_text():
            await asyncio.sleep(0.01)
        print(child.pid, flush=True)
        await child.wait()

asyncio.run(main())
"""


async def test_a_child_ends_when_its_parent_is_killed(folder_and_step_down: tuple[Path, bool]) -> None:
    folder, step_down = folder_and_step_down
    script = textwrap.dedent(PARENT).format(folder=str(folder), step_down=step_down)
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    lines = [line async for line in read_until_number(parent.stdout)]
    pid = int(lines[-1])
    assert is_alive(pid)

    parent.kill()
    await parent.wait()

    await until_gone(pid)


async def read_until_number(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Log lines may come before the number."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while line := (await stream.readline()).decode().strip():
            yield line
            if line.isdigit():
                return


async def test_a_launcher_whose_parent_has_gone_starts_nothing(tmp_path: Path) -> None:
    someone_else = 1
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, launch.__file__, "--parent", str(someone_else), "--", "/bin/sh", "-c"),
        f"touch {tmp_path}/started",
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert b"parent ended" in errors
    assert not (tmp_path / "started").exists()


async def test_leaving_the_block_stops_the_child_in_order(tmp_path: Path) -> None:
    spec = shell(tmp_path, "trap 'echo goodbye; exit 3' TERM; echo up; while :; do sleep 0.05; done")
    async with running_child(spec) as child:
        await until_logged(spec, "up")
    assert child.returncode == 3
    assert "goodbye" in spec.log_path.read_text()


async def test_a_stubborn_child_is_killed(tmp_path: Path) -> None:
    spec = shell(tmp_path, "trap '' TERM; echo up; while :; do sleep 0.05; done", stop_seconds=0.2)
    async with running_child(spec) as child:
        await until_logged(spec, "up")
    assert child.returncode == -signal.SIGKILL


async def test_a_cancelled_block_still_stops_its_child(tmp_path: Path) -> None:
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def hold() -> None:
        async with running_child(shell(tmp_path, "exec sleep 600")) as child:
            started.set_result(child.pid)
            await child.wait()

    task = asyncio.create_task(hold())
    pid = await started
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_gone(pid)


async def test_a_child_that_ended_by_itself_is_stopped_without_fuss(tmp_path: Path) -> None:
    async with running_child(shell(tmp_path, "exit 7")) as child:
        assert await child.wait() == 7
        child.kill()
    assert child.returncode == 7


async def test_the_terminals_interrupt_does_not_reach_the_child(tmp_path: Path) -> None:
    async with running_child(shell(tmp_path, "exec sleep 600")) as child:
        assert os.getsid(child.pid) == child.pid
        assert os.getpgid(child.pid) == child.pid


async def test_a_command_that_cannot_be_started_says_so_in_its_log(tmp_path: Path) -> None:
    spec = ChildSpec("ghost", (str(tmp_path / "nothing-here"),), tmp_path / "ghost.log")
    async with running_child(spec) as child:
        assert await child.wait() == 126
    assert "nothing-here: No such file or directory" in child.log_tail()


async def test_a_stepped_down_child_is_not_root_and_can_write_its_folder(
    folder_and_step_down: tuple[Path, bool],
) -> None:
    folder, step_down = folder_and_step_down
    spec = shell(folder, f"id -u; echo written > {folder}/file", step_down=step_down, owns=(folder,))
    async with running_child(spec) as child:
        assert await child.wait() == 0
    expected_root = os.geteuid() == 0 and not step_down
    assert (child.log_tail().splitlines()[0] == "0") == expected_root
    assert (folder / "file").read_text() == "written\n"


async def test_a_way_closed_by_several_users_is_told_with_what_to_do(tmp_path: Path, open_folder: Path) -> None:
    """Two private homes in one spec: only root reaches both, so without root there is nothing to refuse."""
    folders = [open_folder / "first", open_folder / "second"]
    for number, folder in enumerate(folders):
        (folder / "inner").mkdir(parents=True)
        folder.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(folder, SOMEONE + number, SOMEONE + number)
    spec = shell(tmp_path, "echo started", step_down=True, owns=tuple(folder / "inner" for folder in folders))
    async with running_child(spec) as child:
        code = await child.wait()
    assert (code, "LOTSE_VENV" in child.log_tail()) == ((1, True) if os.geteuid() == 0 else (0, False))


async def test_a_given_environment_is_the_whole_environment(tmp_path: Path) -> None:
    spec = shell(tmp_path, "echo [$HOME] [$GREETING]", env={"GREETING": "moin", "PATH": os.environ["PATH"]})
    async with running_child(spec) as child:
        await child.wait()
    assert child.log_tail() == "[] [moin]"


async def test_signals_that_python_ignores_are_not_ignored_by_the_child(tmp_path: Path) -> None:
    async with running_child(shell(tmp_path, "kill -PIPE $$; echo survived")) as child:
        await child.wait()
    assert child.returncode == -signal.SIGPIPE


async def test_a_child_that_ends_before_it_is_ready_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    spec = shell(tmp_path, "echo out of cheese >&2; exit 5")
    spec.log_path.write_text("words of an earlier start\n")
    with pytest.raises(ServerStartError) as caught:
        async with running_child(spec) as child:
            await child.until_ready(never, deadline_seconds=PATIENCE_SECONDS, advice="Buy cheese.")
    assert "code 5" in str(caught.value)
    assert "Buy cheese." in str(caught.value)
    assert caught.value.log_tail == "out of cheese"


async def test_a_child_that_never_answers_is_given_up_at_the_deadline(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    with pytest.raises(ServerStartError, match=r"no answer within 0\.2 s"):
        async with running_child(shell(tmp_path, "exec sleep 600")) as child:
            await child.until_ready(never, deadline_seconds=0.2)
    assert child.returncode is not None
