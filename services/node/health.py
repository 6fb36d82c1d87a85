"""Owns what `lotse doctor` looks at: each check says in plain words what it found and what to do."""

import asyncio
import shutil
import stat
from collections.abc import Awaitable, Iterator
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
from services.common.messaging.members import MembersRefused, load_members
from services.common.rpc.client import RpcError, connect
from services.node.layout import NodeLayout
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


def check_files(layout: NodeLayout, settings: NodeSettings, clock: Clock) -> Iterator[Finding]:
    """Look at keys, member list, disk: needs no running node."""
    yield _keys(layout)
    yield _members(layout, settings, clock())
    free = shutil.disk_usage(layout.root).free
    enough = free >= LEAST_FREE_BYTES
    advice = "" if enough else ": make room, brokers and index stop writing when the disk is full"
    yield Finding(enough, "disk", f"{free / 1024**3:.1f} GiB free{advice}")


def _keys(layout: NodeLayout) -> Finding:
    try:
        signer = load_signer(layout.signing_key)
    except KeyFileError as error:
        return Finding(False, "keys", str(error))
    open_files = [path.name for path in (layout.root / "keys").iterdir() if _readable_by_others(path)]
    if open_files:
        return Finding(False, "keys", f"others can read {', '.join(sorted(open_files))}: chmod 600 them")
    return Finding(True, "keys", f"signing key {signer.key_id}, closed to others")


def _readable_by_others(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _members(layout: NodeLayout, settings: NodeSettings, moment: datetime) -> Finding:
    try:
        members = load_members(layout.members, layout.root_public.read_bytes())
    except (OSError, MembersRefused) as error:
        return Finding(False, "members", f"no valid member list ({error}): get it from the state node")
    if not members.active(settings.region):
        return Finding(False, "members", f"{settings.region} is not an active member: ask the state node to admit it")
    key = load_signer(layout.signing_key).key_id
    if members.key(settings.region, key, moment) is None:
        return Finding(False, "members", "the signing key is not the one in the member list: others refuse our records")
    return Finding(True, "members", f"list {members.serial} with {len(members.regions())} regions, our key is in it")


async def check_running(layout: NodeLayout, settings: NodeSettings) -> list[Finding]:
    """Look at a running node: its services, its servers, what waits in its outbox."""
    addresses = layout.read_addresses()
    if not addresses:
        return [Finding(False, "node", f"does not run: lotse node run --node {layout.root}")]
    services = [_ask(name, _health_of(addresses[name])) for name in settings.services if name in addresses]
    servers = [_ask(name, _reachable(addresses[name])) for name in ("broker", "hub", "engine") if addresses.get(name)]
    found = list(await asyncio.gather(*services, *servers))
    if "federation" in addresses:
        token = layout.cli_token("operator").read_text().strip()
        found.append(await _outbox(addresses["federation"], token))
    return found


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


async def _outbox(address: str, token: str) -> Finding:
    try:
        async with connect(address, token) as channel:
            stub = FederationServiceStub(channel)
            node = await stub.GetNode(federation_service_pb2.GetNodeRequest())
    except RpcError as error:
        return Finding(False, "outbox", f"cannot be read ({type(error).__name__})")
    full = {target: rows for target, rows in node.outbox_rows.items() if rows > MANY_OUTBOX_ROWS}
    if full:
        waiting = ", ".join(f"{rows} for {target}" for target, rows in full.items())
        return Finding(False, "outbox", f"{waiting} wait: is the hub reachable?")
    waiting = ", ".join(f"{rows} for {target}" for target, rows in node.outbox_rows.items()) or "nothing"
    return Finding(True, "outbox", f"{waiting} waiting")
