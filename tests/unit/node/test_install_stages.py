"""The stages of the set-up, with a machine and a pip that only write down what they are asked."""

import fcntl
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from services.node.install import environment
from services.node.install.interpreter import Host, is_usable, make_environment, pip_command, run_command
from services.node.install.locks import exclusive
from services.node.install.messages import SetupError, download_failed, packages_failed, wrong_python
from services.node.install.stages import set_up_packages, venv_folder
from services.node.install.stamp import Stamp, python_tag

HOST = Host(python=sys.executable, has_ensurepip=True, has_pip=True, can_apt=False, venv_package="python3.11-venv")


class Machine:
    """Runs nothing: makes the folder an environment would be, and answers with the codes it was given."""

    def __init__(self, answer: Callable[[list[str]], int] = lambda command: 0) -> None:
        self.commands: list[list[str]] = []
        self._answer = answer

    def run(self, command: Sequence[str], extra_env: Mapping[str, str]) -> int:
        self.commands.append(list(command))
        code = self._answer(list(command))
        if code == 0 and "venv" in command:
            venv = Path(command[-1])
            (venv / "bin").mkdir(parents=True, exist_ok=True)
            (venv / "pyvenv.cfg").touch()
            (venv / "bin" / "python").symlink_to(sys.executable)
        return code

    def asked_for(self, word: str) -> int:
        return sum(word in command for command in self.commands)


@pytest.fixture
def stamp(tmp_path: Path) -> Stamp:
    (tmp_path / "requirements").mkdir()
    for name in ("pyproject.toml", *(f"requirements/{each}.txt" for each in ("build", "run", "dev"))):
        (tmp_path / name).write_text(name)
    return Stamp(tmp_path, tmp_path / ".venv", python_tag())


def test_a_fresh_clone_gets_an_environment_the_locked_packages_and_itself(stamp: Stamp) -> None:
    machine = Machine()
    set_up_packages("dev", stamp, HOST, machine.run)
    made, builders, packages, itself = machine.commands
    assert made[1:3] == ["-m", "venv"]
    assert builders[-3:] == ["--require-hashes", "-r", str(stamp.root / "requirements" / "build.txt")]
    assert packages[-2:] == ["-r", str(stamp.root / "requirements" / "dev.txt")]
    assert "--require-hashes" in packages
    assert "--no-deps" in itself
    # Without isolation nothing is built with a package that no hash covers.
    assert "--no-build-isolation" in packages
    assert "--no-build-isolation" in itself
    assert stamp.is_current("dev")


def test_a_second_run_asks_for_nothing(stamp: Stamp) -> None:
    set_up_packages("dev", stamp, HOST, Machine().run)
    machine = Machine()
    set_up_packages("dev", stamp, HOST, machine.run)
    set_up_packages("run", stamp, HOST, machine.run)
    assert machine.commands == []


def test_changed_requirements_keep_the_environment(stamp: Stamp) -> None:
    set_up_packages("run", stamp, HOST, Machine().run)
    (stamp.root / "requirements" / "run.txt").write_text("other")
    machine = Machine()
    set_up_packages("run", stamp, HOST, machine.run)
    assert machine.asked_for("venv") == 0
    assert machine.asked_for("install") == 3
    assert stamp.is_current("run")


def test_no_index_is_ever_chosen_for_the_user(stamp: Stamp) -> None:
    machine = Machine()
    set_up_packages("run", stamp, HOST, machine.run)
    options = {word.partition("=")[0] for command in machine.commands for word in command}
    assert not options & {"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--proxy", "--trusted-host"}


@pytest.mark.parametrize("failing", ["--require-hashes", "-e"])
def test_a_failed_pip_is_told_with_what_to_do_and_does_not_count(stamp: Stamp, failing: str) -> None:
    machine = Machine(lambda command: 1 if failing in command else 0)
    with pytest.raises(SetupError, match="PIP_INDEX_URL"):
        set_up_packages("run", stamp, HOST, machine.run)
    assert not stamp.is_current("run")
    again = Machine()
    set_up_packages("run", stamp, HOST, again.run)
    assert again.asked_for("venv") == 0
    assert stamp.is_current("run")


def test_an_install_that_was_interrupted_begins_with_a_new_environment(stamp: Stamp) -> None:
    def interrupted(command: list[str]) -> int:
        if "install" in command:
            (stamp.venv / "half-a-package").touch()
            raise KeyboardInterrupt
        return 0

    with pytest.raises(KeyboardInterrupt):
        set_up_packages("run", stamp, HOST, Machine(interrupted).run)
    assert not stamp.is_current("run")
    again = Machine()
    set_up_packages("run", stamp, HOST, again.run)
    assert again.asked_for("venv") == 1
    assert not (stamp.venv / "half-a-package").exists()


def test_a_pip_ended_by_a_signal_counts_as_interrupted(stamp: Stamp) -> None:
    machine = Machine(lambda command: -9 if "install" in command else 0)
    with pytest.raises(SetupError):
        set_up_packages("run", stamp, HOST, machine.run)
    assert stamp.was_interrupted()


def test_a_broken_environment_is_made_anew(stamp: Stamp) -> None:
    set_up_packages("run", stamp, HOST, Machine().run)
    python = stamp.venv / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")
    machine = Machine()
    set_up_packages("run", stamp, HOST, machine.run)
    assert machine.asked_for("venv") == 1


def test_an_environment_of_another_python_is_not_usable(stamp: Stamp) -> None:
    Machine().run(["python", "-m", "venv", str(stamp.venv)], {})
    assert is_usable(stamp.venv, python_tag())
    assert not is_usable(stamp.venv, "cpython-399-x86_64")


def test_without_ensurepip_the_machines_pip_serves_the_environment(tmp_path: Path) -> None:
    machine = Machine()
    host = Host(sys.executable, has_ensurepip=False, has_pip=True, can_apt=True, venv_package="python3.11-venv")
    make_environment(tmp_path / "venv", host, machine.run)
    assert machine.commands == [[sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")]]
    borrowed = [sys.executable, "-m", "pip", "--python", str(tmp_path / "venv" / "bin" / "python")]
    assert pip_command(tmp_path / "venv", host) == borrowed


def test_without_any_pip_root_on_debian_gets_the_package_by_apt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine()
    host = Host(sys.executable, has_ensurepip=False, has_pip=False, can_apt=True, venv_package="python3.11-venv")
    make_environment(tmp_path / "venv", host, machine.run)
    assert [command[:2] for command in machine.commands[:2]] == [["apt-get", "update"], ["apt-get", "install"]]
    assert "python3.11-venv with apt-get" in capsys.readouterr().err


def test_without_any_way_the_missing_package_is_named(tmp_path: Path) -> None:
    host = Host(sys.executable, has_ensurepip=False, has_pip=False, can_apt=False, venv_package="python3.11-venv")
    with pytest.raises(SetupError, match=r"apt-get install python3\.11-venv"):
        make_environment(tmp_path / "venv", host, Machine().run)
    assert not (tmp_path / "venv").exists()


def test_only_one_set_up_holds_the_lock(tmp_path: Path) -> None:
    lock_file = tmp_path / "set-up.lock"
    with exclusive(lock_file), lock_file.open("a") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with exclusive(lock_file):
        pass


def test_a_program_that_outlives_its_set_up_keeps_the_lock(tmp_path: Path) -> None:
    lock_file, gate = tmp_path / "set-up.lock", tmp_path / "gate"
    os.mkfifo(gate)
    with exclusive(lock_file):
        # Started in the background by a shell that ends at once, as a pip whose set-up was killed.
        run_command(["sh", "-c", f"cat {gate} & exit 0"], {})
    with lock_file.open("a") as next_one:
        with pytest.raises(BlockingIOError):
            fcntl.flock(next_one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        gate.write_text("go")
        fcntl.flock(next_one, fcntl.LOCK_EX)


def test_the_environment_may_live_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOTSE_VENV", raising=False)
    assert venv_folder(tmp_path) == tmp_path / ".venv"
    monkeypatch.setenv("LOTSE_VENV", str(tmp_path / "elsewhere"))
    assert venv_folder(tmp_path) == tmp_path / "elsewhere"


@pytest.mark.parametrize("arguments", [[], ["all"], ["run", "dev"]])
def test_an_unknown_profile_is_a_usage_error(arguments: list[str]) -> None:
    assert environment.main(arguments) == 2


def test_every_text_says_what_to_do() -> None:
    assert "make PYTHON=" in wrong_python("3.9.2")
    for word in ("HTTPS_PROXY", "PIP_INDEX_URL", "PIP_CERT", "again"):
        assert word in packages_failed(1)
    for word in ("HTTPS_PROXY", "LOTSE_MAVEN_URL", "--client mvn", "again"):
        assert word in download_failed("a jar", "ConnectionError")
