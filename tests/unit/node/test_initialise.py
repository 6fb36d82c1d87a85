"""A node is made whole or not at all, keys are never overwritten, and the root key alone says who belongs."""

from itertools import islice
from pathlib import Path

import pytest

from services.common.crypto.key_files import KeyFileError
from services.common.crypto.keys import load_signer, public_nkey
from services.common.messaging.members import Members, MembersRefused, load_members
from services.common.names import RegionId
from services.common.rpc.auth import read_tokens
from services.common.settings import StartupError
from services.node.health import secret_files
from services.node.initialise import (
    admit,
    card_file,
    create_federation,
    create_node,
    draw_ports,
    fresh_ports,
    hand_out,
    known_node,
    read_card,
)
from services.node.layout import NodeLayout
from services.node.members import known_members
from tests.unit.node.places import MOMENT, clock, node

DRESDEN = RegionId("dresden")


def state_node(base: Path) -> NodeLayout:
    layout = NodeLayout(base / "sachsen")
    admit(layout, [create_node(layout, node("sachsen", state=True), clock)], clock)
    return layout


def region_node(base: Path, region: str = "dresden") -> NodeLayout:
    layout = NodeLayout(base / region)
    create_node(layout, node(region), clock, ["14612"])
    return layout


def members_of(layout: NodeLayout) -> Members:
    return load_members(layout.members, layout.root_public.read_bytes())


def test_a_new_node_has_all_its_secrets_and_only_its_owner_reads_them(tmp_path: Path) -> None:
    for layout, settings in ((region_node(tmp_path), node("dresden")), (state_node(tmp_path), node("x", state=True))):
        assert [path for path in secret_files(layout, settings) if not path.is_file()] == []
        assert {path.stat().st_mode & 0o777 for path in layout.keys.iterdir()} == {0o600}
    assert not NodeLayout(tmp_path / "dresden").root_key.exists()


def test_a_card_holds_the_public_halves_of_the_nodes_own_keys(tmp_path: Path) -> None:
    layout = region_node(tmp_path)
    card = read_card(card_file(layout))
    signer = load_signer(layout.signing_key)
    assert (card.region, card.nkey, list(card.district_codes)) == ("dresden", public_nkey(layout.hub_nkey), ["14612"])
    assert [(key.key_id, key.public_key) for key in card.signing_keys] == [(signer.key_id, signer.public_bytes)]


def test_a_node_is_never_made_twice_in_one_folder(tmp_path: Path) -> None:
    layout = region_node(tmp_path)
    key = layout.signing_key.read_bytes()
    with pytest.raises(StartupError, match="holds a node already"):
        create_node(layout, node("leipzig"), clock)
    assert layout.signing_key.read_bytes() == key
    assert known_node(layout.root)[1].region == "dresden"


def test_keys_of_a_half_made_node_are_never_overwritten(tmp_path: Path) -> None:
    layout = region_node(tmp_path)
    layout.config.unlink()  # as if the first try had been cut off before its last step
    with pytest.raises(KeyFileError, match="never overwritten"):
        create_node(layout, node("dresden"), clock)


def test_a_wrong_district_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="not a district code of five digits: 1461, Dresden"):
        create_node(NodeLayout(tmp_path / "dresden"), node("dresden"), clock, ["14612", "1461", "Dresden"])
    assert not (tmp_path / "dresden").exists()


def test_the_tokens_of_the_command_line_are_stored_as_hashes(tmp_path: Path) -> None:
    layout = region_node(tmp_path)
    stored = layout.tokens.read_text()
    for role in ("editor", "hotline", "operator"):
        secret = layout.cli_token(role).read_text().rsplit("_", 1)[-1]
        assert secret not in stored
    assert {entry.caller.role for entry in read_tokens(layout.tokens).values()} >= {"editor", "hotline", "operator"}


def test_an_admitted_region_is_in_a_new_list_that_every_node_can_check(tmp_path: Path) -> None:
    state, dresden = state_node(tmp_path), region_node(tmp_path)
    assert admit(state, [read_card(card_file(dresden))], clock) == 2
    hand_out(state, dresden)
    members = known_members(dresden)
    assert (members.serial, members.regions()) == (2, ("dresden", "sachsen"))
    assert members.active(DRESDEN)
    assert members.key(DRESDEN, load_signer(dresden.signing_key).key_id, MOMENT) is not None


def test_a_region_that_is_admitted_again_has_its_new_key_only(tmp_path: Path) -> None:
    state, first = state_node(tmp_path), region_node(tmp_path / "first")
    admit(state, [read_card(card_file(first))], clock)
    second = region_node(tmp_path / "second")
    assert admit(state, [read_card(card_file(second))], clock) == 3
    members = members_of(state)
    assert members.key(DRESDEN, load_signer(second.signing_key).key_id, MOMENT) is not None
    assert members.key(DRESDEN, load_signer(first.signing_key).key_id, MOMENT) is None


def test_without_the_root_key_nobody_is_admitted(tmp_path: Path) -> None:
    state, dresden = state_node(tmp_path), region_node(tmp_path)
    before = state.members.read_bytes()
    state.root_key.rename(tmp_path / "offline.key")
    with pytest.raises(KeyFileError):
        admit(state, [read_card(card_file(dresden))], clock)
    assert state.members.read_bytes() == before


def test_a_list_of_another_federation_is_refused(tmp_path: Path) -> None:
    state, other = state_node(tmp_path / "one"), state_node(tmp_path / "two")
    dresden = region_node(tmp_path)
    hand_out(state, dresden)
    dresden.members.write_bytes(other.members.read_bytes())
    with pytest.raises(MembersRefused):
        members_of(dresden)
    with pytest.raises(StartupError, match="not signed by the root key"):
        known_members(dresden)


@pytest.mark.parametrize("public", [b"", b"short", None])
def test_a_node_that_was_handed_nothing_says_where_it_comes_from(tmp_path: Path, public: bytes | None) -> None:
    dresden = region_node(tmp_path)
    if public is not None:
        dresden.root_public.write_bytes(public)
        dresden.members.write_bytes(b"")
    with pytest.raises(StartupError, match="lotse hub admit"):
        known_members(dresden)


@pytest.mark.parametrize("content", [b"", b"\xff\xff", b"region = 1"])
def test_a_file_that_is_no_card_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "card.binpb"
    path.write_bytes(content)
    with pytest.raises(StartupError, match="not a member card"):
        read_card(path)


@pytest.mark.parametrize("states", [0, 2])
def test_a_federation_has_one_state_node(tmp_path: Path, states: int) -> None:
    nodes = [node(f"r{number}", state=number < states) for number in range(3)]
    with pytest.raises(StartupError, match=f"one state node, not {states}"):
        create_federation(tmp_path, nodes, clock)


def test_a_whole_federation_knows_all_its_members(tmp_path: Path) -> None:
    layouts = create_federation(tmp_path, [node("sachsen", state=True), node("dresden"), node("leipzig")], clock)
    lists = {region: known_members(layout).regions() for region, layout in layouts.items()}
    assert set(lists.values()) == {("dresden", "leipzig", "sachsen")}


def test_no_port_is_given_twice() -> None:
    assert len(set(islice(fresh_ports(), 300))) == 300


def test_ports_are_drawn_for_what_a_node_hosts_only() -> None:
    def numbered() -> list[int]:
        return list(range(1, 20))

    plain = draw_ports(iter(numbered())).model_dump()
    whole = draw_ports(iter(numbered()), search=True, hub=True).model_dump()
    assert {name for name, port in plain.items() if not port} >= {"search", "search_ops", "engine", "hub"}
    assert all(whole.values())
    assert len(set(whole.values())) == len(whole)
