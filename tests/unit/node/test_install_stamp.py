"""What counts as installed, and what does not."""

from pathlib import Path

import pytest

from services.node.install.stamp import Stamp


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    (root / "requirements").mkdir(parents=True)
    (root / "pyproject.toml").write_text("[project]\n")
    for profile in ("build", "run", "dev"):
        (root / "requirements" / f"{profile}.txt").write_text(f"{profile}==1\n")
    return root


def environment(root: Path) -> Path:
    venv = root / ".venv"
    (venv / "bin").mkdir(parents=True, exist_ok=True)
    (venv / "bin" / "python").touch()
    return venv


@pytest.fixture
def stamp(checkout: Path) -> Stamp:
    return Stamp(checkout, environment(checkout), "cpython-311-x86_64")


def test_an_environment_without_a_stamp_is_not_current(stamp: Stamp) -> None:
    assert not stamp.is_current("run")


def test_a_finished_profile_is_current(stamp: Stamp) -> None:
    stamp.begin()
    stamp.finish("run")
    assert stamp.is_current("run")
    assert not stamp.was_interrupted()


def test_dev_satisfies_run_and_run_does_not_satisfy_dev(stamp: Stamp) -> None:
    stamp.finish("dev")
    assert stamp.is_current("run")
    assert stamp.is_current("dev")
    stamp.finish("run")
    assert not stamp.is_current("dev")


def test_an_interrupted_install_is_not_current_and_known_as_interrupted(stamp: Stamp) -> None:
    stamp.finish("run")
    stamp.begin()
    assert not stamp.is_current("run")
    assert stamp.was_interrupted()


def test_an_install_that_pip_gave_up_is_not_current_but_may_go_on(stamp: Stamp) -> None:
    stamp.begin()
    stamp.give_up()
    assert not stamp.is_current("run")
    assert not stamp.was_interrupted()


@pytest.mark.parametrize("changed", ["requirements/build.txt", "requirements/run.txt", "pyproject.toml"])
def test_a_change_of_what_is_asked_for_is_not_current(stamp: Stamp, changed: str) -> None:
    stamp.finish("run")
    (stamp.root / changed).write_text("other\n")
    assert not stamp.is_current("run")


def test_another_python_is_not_current(stamp: Stamp) -> None:
    stamp.finish("run")
    assert not Stamp(stamp.root, stamp.venv, "cpython-312-x86_64").is_current("run")


def test_a_moved_checkout_is_not_current(stamp: Stamp, tmp_path: Path) -> None:
    stamp.finish("run")
    moved = stamp.root.rename(tmp_path / "moved")
    assert not Stamp(moved, moved / ".venv", stamp.tag).is_current("run")


def test_an_environment_whose_python_has_gone_is_not_current(stamp: Stamp) -> None:
    stamp.finish("run")
    (stamp.venv / "bin" / "python").unlink()
    assert not stamp.is_current("run")


@pytest.mark.parametrize("torn", ["", "{", "[]", '{"run": 1}'])
def test_a_torn_stamp_is_not_current(stamp: Stamp, torn: str) -> None:
    stamp.finish("run")
    (stamp.venv / "lotse-stamp.json").write_text(torn)
    assert not stamp.is_current("run")
