"""A federation is made by commands alone, and every mistake is told in words, with what to do, and an exit code."""

import shutil
from pathlib import Path

import pytest

from services.common.crypto.keys import load_signer
from services.common.rpc.auth import read_tokens
from services.node.layout import NodeLayout
from services.node.members import known_members
from services.node.settings import load_node_settings
from tests.integration.node.spoken import lotse, make_region, make_state


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep lines whole, and let no setting of ours in."""
    monkeypatch.setenv("COLUMNS", "300")
    for name in ("LOTSE_NODE", "LOTSE_ADDRESS", "LOTSE_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)


def hand_over(state: Path, region: Path) -> None:
    for name in ("root.pub", "members.binpb"):
        shutil.copy(state / "federation" / name, region / "federation" / name)


def test_two_fresh_nodes_become_a_federation(tmp_path: Path) -> None:
    state, dresden = (
        make_state(tmp_path / "sachsen"),
        make_region(tmp_path / "dresden", "dresden", "--district", "14612"),
    )
    fingerprint = load_signer(NodeLayout(dresden).signing_key).key_id
    admitted = lotse("hub", "admit", dresden / "federation" / "card.binpb", "--node", state)
    assert (admitted.code, admitted.out) == (0, f"admitted dresden: fingerprint {fingerprint}, member list 2\n")
    hand_over(state, dresden)
    members = known_members(NodeLayout(dresden))
    assert members.regions() == ("dresden", "sachsen")


def test_a_new_node_says_what_to_do_next(tmp_path: Path) -> None:
    folder = tmp_path / "dresden"
    said = lotse("node", "init", "--region", "dresden", "--node", folder)
    assert load_signer(NodeLayout(folder).signing_key).key_id in said.out
    assert f"lotse hub admit {folder}/federation/card.binpb" in said.out
    assert f"lotse node run --node {folder}" in said.out


def test_a_state_node_names_the_address_of_its_hub_and_keeps_it(tmp_path: Path) -> None:
    said = lotse("node", "init", "--region", "sachsen", "--state", "--node", tmp_path / "sachsen")
    settings = load_node_settings(NodeLayout(tmp_path / "sachsen"))
    assert settings.ports.hub > 0
    assert f"--hub nats://127.0.0.1:{settings.ports.hub}\n" in said.out
    assert "federation-root.key offline" in said.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--region", "Böse Region"], "region: must be lower-case letters, digits and inner hyphens"),
        (["--region", "hub"], "region: hub is reserved"),
        (["--region", "dresden", "--hub", "127.0.0.1:4222"], "hub_url: must look like"),
        (["--region", "dresden", "--district", "1461"], "not a district code of five digits: 1461"),
    ],
)
def test_a_mistake_in_init_makes_nothing(tmp_path: Path, arguments: list[str], told: str) -> None:
    said = lotse("node", "init", "--node", tmp_path / "new", *arguments)
    assert said.code == 2
    assert said.err.startswith(f"error: {told}")
    assert not (tmp_path / "new").exists()


def test_a_node_is_not_made_twice(tmp_path: Path) -> None:
    folder = make_region(tmp_path / "dresden")
    said = lotse("node", "init", "--region", "leipzig", "--node", folder)
    assert (said.code, said.err) == (2, f"error: {folder} holds a node already\n")


def test_only_the_state_node_admits_and_only_cards(tmp_path: Path) -> None:
    state, dresden = make_state(tmp_path / "sachsen"), make_region(tmp_path / "dresden")
    card = dresden / "federation" / "card.binpb"
    assert lotse("hub", "admit", card, "--node", dresden).err == "error: dresden is not the state node\n"
    no_card = lotse("hub", "admit", state / "node.toml", "--node", state)
    assert (no_card.code, no_card.err) == (2, f"error: {state}/node.toml: not a member card\n")
    assert lotse("hub", "admit", tmp_path / "nothing", "--node", state).code == 2


def test_admitting_without_the_root_key_says_which_file_is_missing(tmp_path: Path) -> None:
    state, dresden = make_state(tmp_path / "sachsen"), make_region(tmp_path / "dresden")
    (state / "keys" / "federation-root.key").unlink()
    said = lotse("hub", "admit", dresden / "federation" / "card.binpb", "--node", state)
    assert said.code == 2
    assert "federation-root.key cannot be opened" in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "x"],
        ["offers", "list"],
        ["offers", "show", "x"],
        ["offers", "import", __file__],
    ],
)
def test_every_command_says_when_the_node_does_not_run(tmp_path: Path, arguments: list[str]) -> None:
    folder = make_region(tmp_path / "dresden")
    said = lotse(*arguments, "--node", folder)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"error: the node in {folder} does not run: start it with `lotse node run --node {folder}`\n"


def test_reindex_says_whether_there_is_a_search_at_all(tmp_path: Path) -> None:
    region, state = make_region(tmp_path / "dresden"), make_state(tmp_path / "sachsen")
    assert "hosts no search" in lotse("reindex", "--node", region).err
    said = lotse("reindex", "--node", state)
    assert (said.code, said.err.partition(": ")[2].partition(":")[0]) == (2, f"the node in {state} does not run")


@pytest.mark.parametrize("command", [["search", "x"], ["offers", "list"], ["doctor"], ["reindex"], ["node", "run"]])
def test_without_a_node_the_command_says_how_to_name_one(command: list[str]) -> None:
    said = lotse(*command)
    assert said.code == 2
    assert "--node DIR" in said.err


@pytest.mark.parametrize("command", [["doctor"], ["offers", "list"], ["token", "revoke", "x"]])
def test_a_folder_that_is_no_node_is_named(tmp_path: Path, command: list[str]) -> None:
    said = lotse(*command, "--node", tmp_path)
    assert said.code == 2
    assert said.err.startswith(f"error: {tmp_path} is no node: it has no node.toml")


def test_a_broken_node_toml_is_told_whole(tmp_path: Path) -> None:
    folder = make_region(tmp_path / "dresden")
    config = folder / "node.toml"
    config.write_text(config.read_text() + "colour = 1\n")  # lands in [ports]
    said = lotse("doctor", "--node", folder)
    assert (said.code, said.err) == (2, f"error: {config}: ports.colour: is no setting\n")


def test_an_address_needs_a_token_and_a_region(tmp_path: Path) -> None:
    assert "--address needs --token-file" in lotse("search", "x", "--address", "127.0.0.1:1").err
    missing = lotse("search", "x", "--address", "127.0.0.1:1", "--token-file", tmp_path / "no.token")
    assert "no.token: No such file or directory" in missing.err
    token = tmp_path / "a.token"
    token.write_text("lotse_1_2")
    assert "--region" in lotse("offers", "list", "--address", "127.0.0.1:1", "--token-file", token).err


def test_tokens_are_made_and_revoked_while_nothing_runs(tmp_path: Path) -> None:
    folder = make_region(tmp_path / "dresden")
    said = lotse("token", "create", "--role", "hotline", "--name", "console", "--node", folder)
    word, token_id, secret = said.out.strip().split("_")
    stored = read_tokens(folder / "keys" / "tokens.json")
    assert (word, stored[token_id].caller.role, stored[token_id].caller.name) == ("lotse", "hotline", "console")
    assert secret not in (folder / "keys" / "tokens.json").read_text()
    assert lotse("token", "revoke", token_id, "--node", folder).code == 0
    assert token_id not in read_tokens(folder / "keys" / "tokens.json")
    assert lotse("token", "revoke", token_id, "--node", folder).err == f"error: no token with the id {token_id}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--role", "boss", "--name", "x"], "'boss' is not one of"),
        (["--role", "editor", "--name", "Frau Muster"], "lower-case letters"),
        (["--role", "editor", "--name", "x", "--days", "1000"], "--days"),
    ],
)
def test_a_wrong_token_is_not_made(tmp_path: Path, arguments: list[str], told: str) -> None:
    folder = make_region(tmp_path / "dresden")
    before = (folder / "keys" / "tokens.json").read_bytes()
    said = lotse("token", "create", "--node", folder, *arguments)
    assert said.code == 2
    assert told in said.err
    assert (folder / "keys" / "tokens.json").read_bytes() == before


def test_a_defect_keeps_its_traceback() -> None:
    from services.node.cli.main import run

    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(broken)
