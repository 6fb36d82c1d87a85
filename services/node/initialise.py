"""Makes nodes and federations: folders, keys, tokens, the signed member list. Private keys never leave their node.

A node of its own makes its keys and a *member card* (public halves only, `federation/card.binpb`); the state node
admits the card: it signs a new member list with the root key, which every node then gets a copy of.
"""

import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from google.protobuf.message import DecodeError

from lotse.federation.v1.envelope_pb2 import MEMBER_STATE_ACTIVE, Member, MemberList, SigningKey
from services.common.clock import Clock
from services.common.crypto.key_files import write_secret
from services.common.crypto.keys import create_nkey, create_signer, load_signer
from services.common.crypto.sealing import create_sealing_key
from services.common.messaging.members import load_members, write_members
from services.common.names import RegionId
from services.common.rpc.auth import create_token
from services.common.rpc.callers import Role
from services.common.settings import StartupError
from services.node.layout import SERVICE_USERS, NodeLayout
from services.node.servers.ports import free_port
from services.node.settings import NodeSettings, Ports, load_node_settings, write_node_settings

HUB_USERS = ("sys", "admin", "search")
"""The hub's own users (federation.md, hub.conf)."""

CLI_ROLES = (Role.EDITOR, Role.COUNSELLOR, Role.HOTLINE, Role.OPERATOR, Role.SERVICE)
"""Roles that the command line acts in on the node's own machine."""

CLI_TOKEN_LIFETIME = timedelta(days=365)

DISTRICT_CODE = re.compile("[0-9]{5}")

DISTRICTS = {
    "dresden": ["14612"],
    "leipzig": ["14713"],
    "chemnitz": ["14511"],
    "zwickau": ["14524"],
    "erzgebirge": ["14521"],
    "mittelsachsen": ["14522"],
}
"""Districts that the regions of the starting data speak for (directory.md, official district codes)."""


def fresh_ports() -> Iterator[int]:
    """Give free ports of this machine, none twice: what nobody listens on yet would be given again."""
    given: set[int] = set()
    while True:
        port = free_port()
        if port not in given:
            given.add(port)
            yield port


def draw_ports(fresh: Iterator[int], *, search: bool = False, hub: bool = False) -> Ports:
    """Choose ports for what a node hosts, to stand in its node.toml; what it does not host stays 0."""
    names = ["directory", "federation", "directory_ops", "broker", "referral", "referral_ops", "notify", "notify_ops"]
    names += ["search", "search_ops", "engine"] if search else []
    names += ["hub"] if hub else []
    return Ports(**dict(zip(names, fresh, strict=False)))


def create_node(layout: NodeLayout, settings: NodeSettings, clock: Clock, districts: Iterable[str] = ()) -> Member:
    """Make a node's folder with fresh keys, settings, tokens and member card; gives the card.

    Raises StartupError when the folder holds a node already, because keys are never overwritten, or a district is none.
    """
    if layout.config.exists():
        message = f"{layout.root} holds a node already"
        raise StartupError(message)
    codes = list(districts)
    if wrong := [code for code in codes if not DISTRICT_CODE.fullmatch(code)]:
        message = f"not a district code of five digits: {', '.join(wrong)}"
        raise StartupError(message)
    layout.create_folders()
    signer = create_signer(layout.signing_key)
    sealing = create_sealing_key(layout.sealing_key)
    nkey = create_nkey(layout.hub_nkey)
    for user in SERVICE_USERS:
        create_nkey(layout.broker_nkey(user))
    if settings.state_node:
        create_signer(layout.root_key)
        for user in HUB_USERS:
            create_nkey(layout.hub_user_nkey(user))
    write_secret(layout.page_token_secret, secrets.token_hex(32).encode())
    for role in CLI_ROLES:
        token = create_token(
            layout.tokens, clock, region=settings.region, role=role, name="lotse", lifetime=CLI_TOKEN_LIFETIME
        )
        write_secret(layout.cli_token(role), token.encode())
    card = Member(
        region=settings.region,
        display_name=settings.display_name,
        state=MEMBER_STATE_ACTIVE,
        nkey=nkey,
        district_codes=codes,
        state_node=settings.state_node,
    )
    key = SigningKey(key_id=signer.key_id, public_key=signer.public_bytes)
    key.valid_from.FromDatetime(clock())
    card.signing_keys.append(key)
    card.sealing_keys.add(key_id=sealing.key_id, public_key=sealing.public_bytes)
    card_file(layout).write_bytes(card.SerializeToString(deterministic=True))
    # Last, because its presence says that the node is whole.
    write_node_settings(layout, settings)
    return card


def card_file(layout: NodeLayout) -> Path:
    """Where a node's member card lies: public halves of its keys, to be handed to the state node."""
    return layout.root / "federation" / "card.binpb"


def read_card(path: Path) -> Member:
    """Read a member card; raises StartupError when the file is none."""
    card = Member()
    try:
        card.ParseFromString(path.read_bytes())
    except (OSError, DecodeError) as error:
        message = f"{path}: not a member card"
        raise StartupError(message) from error
    if not (card.region and card.nkey and card.signing_keys):
        message = f"{path}: not a member card"
        raise StartupError(message)
    return card


def admit(state: NodeLayout, cards: Sequence[Member], clock: Clock) -> int:
    """Sign a new member list with these cards added (a card of a known region replaces it); gives its serial.

    Runs on the state node with the root key present; raises StartupError or KeyFileError otherwise.
    """
    root = load_signer(state.root_key)
    if not state.root_public.exists():
        state.root_public.write_bytes(root.public_bytes)
    members: dict[str, Member] = {}
    serial = 1
    if state.members.exists():
        known = load_members(state.members, root.public_bytes)
        members = {region: member for region in known.regions() if (member := known.get(region))}
        serial = known.serial + 1
    members.update({card.region: card for card in cards})
    issued = MemberList(serial=serial, members=[members[region] for region in sorted(members)])
    issued.issue_time.FromDatetime(clock())
    write_members(state.members, issued, root)
    return serial


def hand_out(state: NodeLayout, node: NodeLayout) -> None:
    """Copy what a node must trust and know from the state node: the root's public key and the member list."""
    for source, target in ((state.root_public, node.root_public), (state.members, node.members)):
        fresh = target.with_suffix(".new")
        shutil.copyfile(source, fresh)
        fresh.rename(target)


def create_federation(base: Path, nodes: Sequence[NodeSettings], clock: Clock) -> dict[RegionId, NodeLayout]:
    """Make a whole federation below `base`, one folder per region; exactly one node must be the state node."""
    states = [settings for settings in nodes if settings.state_node]
    if len(states) != 1:
        message = f"a federation has one state node, not {len(states)}"
        raise StartupError(message)
    layouts = {settings.region: NodeLayout(base / settings.region) for settings in nodes}
    cards = [create_node(layouts[each.region], each, clock, DISTRICTS.get(each.region, ())) for each in nodes]
    state = layouts[states[0].region]
    admit(state, cards, clock)
    for region, layout in layouts.items():
        if region != states[0].region:
            hand_out(state, layout)
    return layouts


def known_node(path: Path) -> tuple[NodeLayout, NodeSettings]:
    """Open a node's folder."""
    layout = NodeLayout(path)
    return layout, load_node_settings(layout)
