"""A node's folder belongs to one process at a time, and says where the node answers only while it does."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.common.settings import StartupError
from services.node.layout import NodeLayout

HOLDER = """
import sys
from pathlib import Path
from services.node.layout import NodeLayout

with NodeLayout(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(layout: NodeLayout) -> Iterator[subprocess.Popen[str]]:
    """Have another process hold the folder for the length of the block."""
    command = [sys.executable, "-c", HOLDER, str(layout.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.kill()


def test_what_is_secret_is_closed_to_others(tmp_path: Path) -> None:
    layout = NodeLayout(tmp_path / "node")
    layout.create_folders()
    assert {(layout.root / name).stat().st_mode & 0o777 for name in ("keys", "data")} == {0o700}
    secrets = (layout.signing_key, layout.hub_nkey, layout.root_key, layout.tokens, layout.cli_token("editor"))
    assert {path.parent for path in secrets} == {layout.keys}


def test_everything_lies_below_the_folder(tmp_path: Path) -> None:
    layout = NodeLayout(tmp_path)
    files = (layout.config, layout.members, layout.server("hub"), layout.log("node"), layout.addresses, layout.lock)
    assert all(path.is_relative_to(tmp_path) for path in files)
    assert layout.database_url("search") == f"sqlite+aiosqlite:///{tmp_path}/data/search.db"


def test_a_running_node_says_where_it_answers(tmp_path: Path) -> None:
    layout = NodeLayout(tmp_path)
    with layout.held():
        layout.write_addresses({"directory": "127.0.0.1:20001"})
        assert layout.read_addresses() == {"directory": "127.0.0.1:20001"}
        assert layout.is_held()
    assert layout.read_addresses() == {}
    assert not layout.is_held()


def test_a_node_that_was_killed_answers_nowhere_whatever_it_left_behind(tmp_path: Path) -> None:
    layout = NodeLayout(tmp_path)
    with held_elsewhere(layout) as holder:
        layout.write_addresses({"directory": "127.0.0.1:20001"})
        assert layout.read_addresses()
        holder.kill()
        holder.wait()
        assert layout.read_addresses() == {}
    assert json.loads(layout.addresses.read_text())


def test_two_processes_never_run_one_node(tmp_path: Path) -> None:
    layout = NodeLayout(tmp_path)
    with (
        held_elsewhere(layout),
        pytest.raises(StartupError, match=f"the node in {tmp_path} runs already"),
        layout.held(),
    ):
        pytest.fail("both held it")
    with layout.held():
        assert layout.is_held()


def test_a_node_that_never_ran_answers_nowhere(tmp_path: Path) -> None:
    assert NodeLayout(tmp_path).read_addresses() == {}
    assert not NodeLayout(tmp_path).is_held()
