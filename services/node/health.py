"""Owns what `lotse doctor` looks at: each check says in plain words what it found and what to do."""

import asyncio
import shutil
import stat
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from lotse.federation.v1 import federation_service_pb2
from lotse.federation.v1.federation_service_pb2_grpc import FederationServiceStub
from services.common.clock import Clock
from services.common.crypto.key_files import KeyFileError
from services.common.crypto.keys import load_signer
from services.common.rpc.callers import Role
from services.common.rpc.client import RpcError, connect
from services.common.settings import StartupError
from services.node.initialise import CLI_ROLES, HUB_USERS
from services.node.layout import SERVICE_USERS, NodeLayout
from services.node.members import known_members
from services.node.settings import NodeSettings

LEAST_FREE_BYTES = 2 * 1024**3
"""Below this a broker or an index may stop taking writes soon."""
MANY_OUTBOX_ROWS = 1_000
"""More rows than this waiting for a target means that it does not take them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: `good`, and in words what is, and what to do when it is not good."""

    good: bool
    subject: str
    what: str


def check_files(
    layout: NodeLayout, settings: NodeSettings, clock: Clock, least_free_bytes: int = LEAST_FREE_BYTES
) -> Iterator[Finding]:
    """Look at keys, member list, disk: needs no running node."""
    keys, key_id = _keys(layout, settings)
    yield keys
    yield _members(layout, settings, key_id, clock())
    free = shutil.disk_usage(layout.root).free
    enough = free >= least_free_bytes
    advice = "" if enough else ": make room, brokers and index stop writing when the disk is full"
    yield Finding(enough, "disk", f"{free / 1024**3:.1f} GiB free{advice}")


def _keys(layout: NodeLayout, settings: NodeSettings) -> tuple[Finding, str]:
    """Look at all secrets; gives the id of the signing key too, "" when it cannot be read."""
    missing = [path.name for path in secret_files(layout, settings) if not path.is_file()]
    if missing:
        return Finding(False, "keys", f"{', '.join(missing)} missing in {layout.keys}: bring back the backup"), ""
    open_files = [path.name for path in layout.keys.iterdir() if _readable_by_others(path)]
    if open_files:
        return Finding(False, "keys", f"others can read {', '.join(sorted(open_files))}: chmod 600 them"), ""
    try:
        signer = load_signer(layout.signing_key)
    except KeyFileError as error:
        return Finding(False, "keys", str(error)), ""
    return Finding(True, "keys", f"signing key {signer.key_id}, closed to others"), signer.key_id


def secret_files(layout: NodeLayout, settings: NodeSettings) -> list[Path]:
    """Name the files below `keys` without which the node cannot run; the root key is not among them."""
    files = [layout.signing_key, layout.sealing_key, layout.hub_nkey, layout.page_token_secret, layout.tokens]
    files += [layout.broker_nkey(user) for user in SERVICE_USERS]
    files += [layout.cli_token(role) for role in CLI_ROLES]
    return files + ([layout.hub_user_nkey(user) for user in HUB_USERS] if settings.state_node else [])


def _readable_by_others(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _members(layout: NodeLayout, settings: NodeSettings, key_id: str, moment: datetime) -> Finding:
    try:
        members = known_members(layout)
    except StartupError as error:
        return Finding(False, "members", str(error))
    if not members.active(settings.region):
        return Finding(False, "members", f"{settings.region} is not an active member: ask the state node to admit it")
    if key_id and members.key(settings.region, key_id, moment) is None:
        return Finding(False, "members", "the signing key is not the one in the member list: others refuse our records")
    return Finding(True, "members", f"list {members.serial} with {len(members.regions())} regions, our key is in it")


async def check_running(layout: NodeLayout, settings: NodeSettings) -> list[Finding]:
    """Look at a running node: its services, its servers and the hub, what waits, what was set aside."""
    addresses = layout.read_addresses()
    if not addresses:
        what = "is still starting" if layout.is_held() else f"does not run: lotse node run --node {layout.root}"
        return [Finding(False, "node", what)]
    hub = addresses.get("hub", settings.hub_url)
    servers = {"broker": addresses.get("broker"), "hub": hub, "engine": addresses.get("engine")}
    found = await asyncio.gather(
        *(_ask(name, _health_of(addresses[name])) for name in settings.services if name in addresses),
        *(_ask(name, _reachable(url)) for name, url in servers.items() if url),
    )
    return [*found, *(await _told(layout, addresses["federation"]) if "federation" in addresses else ())]


async def _ask(subject: str, answer: Awaitable[str]) -> Finding:
    try:
        return Finding(True, subject, await answer)
    except (OSError, TimeoutError, grpc.aio.AioRpcError, RpcError) as error:
        return Finding(False, subject, f"does not answer ({type(error).__name__}): see the logs of the node")


async def _health_of(address: str) -> str:
    async with grpc.aio.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        reply = await stub.Check(health_pb2.HealthCheckRequest(), timeout=3)  # type: ignore[attr-defined]  # no stubs
    state = health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status)
    if reply.status != health_pb2.HealthCheckResponse.SERVING:
        raise TimeoutError(state)
    return f"{state.lower()} on {address}"


async def _reachable(url: str) -> str:
    parts = urlsplit(url)
    async with asyncio.timeout(3):
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.close()
    return f"answers on {parts.netloc}"


async def _told(layout: NodeLayout, address: str) -> list[Finding]:
    """Ask the node's federation service what waits and what was set aside."""
    try:
        token = layout.cli_token(Role.OPERATOR).read_text().strip()
        async with connect(address, token) as channel:
            stub = FederationServiceStub(channel)
            node = await stub.GetNode(federation_service_pb2.GetNodeRequest())
            peers = (await stub.ListPeers(federation_service_pb2.ListPeersRequest())).peers
    except (OSError, RpcError) as error:
        said = error.reason or error.code.name if isinstance(error, RpcError) else type(error).__name__
        return [Finding(False, "outbox", f"cannot be asked ({said}): keys/cli-operator.token may be revoked or over")]
    return [_outbox(node.outbox_rows), *_parked(node.parked_messages, _by_region(peers))]


def _outbox(rows: Mapping[str, int]) -> Finding:
    waiting = ", ".join(f"{count} for {target}" for target, count in rows.items() if count) or "nothing"
    if any(count > MANY_OUTBOX_ROWS for count in rows.values()):
        return Finding(False, "outbox", f"{waiting} waiting: is the hub reachable, is the disk full?")
    return Finding(True, "outbox", f"{waiting} waiting")


def _by_region(peers: Iterable[federation_service_pb2.Peer]) -> Mapping[str, int]:
    return {peer.member.region: peer.parked_messages for peer in peers}


def _parked(by_service: Mapping[str, int], by_region: Mapping[str, int]) -> list[Finding]:
    """Say what services set aside, and of which members; nothing when they set nothing aside."""
    aside = ", ".join(f"{count} by {service}" for service, count in sorted(by_service.items()) if count)
    whose = ", ".join(f"{count} of {region}" for region, count in by_region.items() if count)
    what = f"{aside} ({whose})" if whose else aside
    return [Finding(False, "parked", f"{what}: docs/operations.md, Parked messages")] if aside else []
