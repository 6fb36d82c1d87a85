"""The doctor names each broken thing, what to do about it, and never breaks itself."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from services.common.clock import utc_now
from services.node.health import check_files
from services.node.initialise import known_node
from tests.integration.node.spoken import Said, lotse, make_region, make_state


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep lines whole."""
    monkeypatch.setenv("COLUMNS", "300")


@pytest.fixture
def dresden(tmp_path: Path) -> Path:
    """A region's node that was admitted and does not run."""
    state, region = make_state(tmp_path / "sachsen"), make_region(tmp_path / "dresden")
    assert lotse("hub", "admit", region / "federation" / "card.binpb", "--node", state).code == 0
    for name in ("root.pub", "members.binpb"):
        shutil.copy(state / "federation" / name, region / "federation" / name)
    return region


def lines(said: Said) -> dict[str, tuple[str, str]]:
    """Give mark and text by subject."""
    found = (line.split(maxsplit=1) for line in said.out.splitlines())
    return {rest.partition(":")[0]: (mark, rest.partition(": ")[2]) for mark, rest in found}


def test_a_node_that_is_whole_lacks_only_being_started(dresden: Path) -> None:
    said = lotse("doctor", "--node", dresden)
    assert said.code == 1
    assert {subject: mark for subject, (mark, _) in lines(said).items()} == {
        "keys": "ok",
        "members": "ok",
        "disk": "ok",
        "node": "wrong",
    }
    assert lines(said)["node"][1] == f"does not run: lotse node run --node {dresden}"
    assert lines(said)["members"][1] == "list 2 with 2 regions, our key is in it"


def key_is_missing(node: Path) -> None:
    (node / "keys" / "signing.key").unlink()


def token_is_missing(node: Path) -> None:
    (node / "keys" / "cli-operator.token").unlink()


def key_is_open(node: Path) -> None:
    (node / "keys" / "hub.nk").chmod(0o644)


def key_is_none(node: Path) -> None:
    (node / "keys" / "signing.key").write_text("nothing")


def list_is_foreign(node: Path) -> None:
    other = make_state(node.parent / "other")
    shutil.copy(other / "federation" / "members.binpb", node / "federation" / "members.binpb")


def federation_is_foreign(node: Path) -> None:
    list_is_foreign(node)
    shutil.copy(node.parent / "other" / "federation" / "root.pub", node / "federation" / "root.pub")


def list_is_missing(node: Path) -> None:
    (node / "federation" / "members.binpb").unlink()


def root_is_broken(node: Path) -> None:
    (node / "federation" / "root.pub").write_bytes(b"short")


def key_is_another(node: Path) -> None:
    make_region(node.parent / "new")
    shutil.copy(node.parent / "new" / "keys" / "signing.key", node / "keys" / "signing.key")


@pytest.mark.parametrize(
    ("damage", "subject", "told"),
    [
        (key_is_missing, "keys", "signing.key missing in"),
        (token_is_missing, "keys", "cli-operator.token missing in"),
        (key_is_open, "keys", "others can read hub.nk: chmod 600"),
        (key_is_none, "keys", "holds no unencrypted private key"),
        (list_is_foreign, "members", "the list is not signed by the root key"),
        (federation_is_foreign, "members", "dresden is not an active member: ask the state node to admit it"),
        (list_is_missing, "members", "no valid member list"),
        (root_is_broken, "members", "no valid member list"),
        (key_is_another, "members", "the signing key is not the one in the member list"),
    ],
)
def test_each_broken_thing_is_named_alone(
    dresden: Path, damage: Callable[[Path], None], subject: str, told: str
) -> None:
    damage(dresden)
    said = lotse("doctor", "--node", dresden)
    assert said.code == 1
    wrong = {name: text for name, (mark, text) in lines(said).items() if mark == "wrong"}
    assert set(wrong) == {subject, "node"}
    assert told in wrong[subject]


def test_a_disk_is_named_before_it_is_full(dresden: Path) -> None:
    layout, settings = known_node(dresden)
    findings = {finding.subject: finding for finding in check_files(layout, settings, utc_now, 2**80)}
    assert not findings["disk"].good
    assert "GiB free: make room" in findings["disk"].what


def test_what_a_killed_node_left_behind_does_not_count_as_running(dresden: Path) -> None:
    (dresden / "run" / "addresses.json").write_text('{"directory": "127.0.0.1:1"}')
    assert lines(lotse("doctor", "--node", dresden))["node"][0] == "wrong"


def test_a_node_that_is_starting_is_told_apart(dresden: Path) -> None:
    layout, _ = known_node(dresden)
    with layout.held():
        assert lines(lotse("doctor", "--node", dresden))["node"] == ("wrong", "is still starting")
        assert "is still starting" in lotse("offers", "list", "--node", dresden).err


def test_services_that_do_not_answer_are_named_each(dresden: Path) -> None:
    layout, _ = known_node(dresden)
    with layout.held():
        nobody = {"directory": "127.0.0.1:1", "federation": "127.0.0.1:1", "broker": "nats://127.0.0.1:1"}
        layout.write_addresses(nobody)
        said = lotse("doctor", "--node", dresden)
    wrong = {name for name, (mark, _) in lines(said).items() if mark == "wrong"}
    assert wrong == {"directory", "federation", "broker", "outbox"}
