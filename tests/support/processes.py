"""Services as processes of their own (`python -m services.directory`), killed and started again as a test likes."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from pydantic import SecretBytes

from services.common.settings import LotseSettings
from services.node.servers.child import Child, ChildSpec, running_child

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """A service that has answered; `url` is its host:port."""

    url: str
    child: Child


@asynccontextmanager
async def running_service(
    module: str, settings: LotseSettings, address: str, log_path: Path
) -> AsyncIterator[ServiceProcess]:
    """Run `python -m module` with these settings as its environment; it must serve gRPC health on `address`."""
    spec = ChildSpec(
        name=module,
        command=(sys.executable, "-m", module),
        log_path=log_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'proto' / 'gen'}", **environment_of(settings)},
        cwd=ROOT,
        stop_seconds=30.0,
    )
    async with running_child(spec) as child:
        await child.until_ready(lambda: serves(address), deadline_seconds=READY_SECONDS)
        yield ServiceProcess(address, child)


async def serves(address: str) -> bool:
    """Say whether a gRPC server there says that its process is alive."""
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            stub = health_pb2_grpc.HealthStub(channel)
            answer = await stub.Check(health_pb2.HealthCheckRequest(service="liveness"), timeout=1)
        except grpc.aio.AioRpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def environment_of(settings: LotseSettings) -> dict[str, str]:
    """Give settings as the environment variables that they are read from."""
    return dict(_flat("LOTSE", settings.model_dump(exclude_none=True)))


def _flat(prefix: str, values: Mapping[str, object]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in values.items():
        key = f"{prefix}{'_' if prefix == 'LOTSE' else '__'}{name.upper()}"
        if isinstance(value, Mapping):
            found += _flat(key, value)
        elif isinstance(value, SecretBytes):
            found.append((key, value.get_secret_value().decode()))
        elif isinstance(value, tuple):
            found.append((key, json.dumps(value)))
        else:
            found.append((key, str(value).lower() if isinstance(value, bool) else str(value)))
    return found


async def until(condition: object, what: str, seconds: float = 30.0, pause: float = 0.05) -> None:
    """Poll an async condition until it holds; fails with `what` after `seconds`."""
    assert callable(condition)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not await condition():
        assert loop.time() < deadline, f"not within {seconds:.0f} s: {what}"
        await asyncio.sleep(pause)
