"""A directory of three methods whose behaviour a test sets, behind the real pipeline."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message
from prometheus_client import CollectorRegistry

from lotse.directory.v1 import directory_service_pb2, directory_service_pb2_grpc, offer_pb2, offer_requests_pb2
from services.common.names import RegionId
from services.common.rpc.access import EVERYBODY, Access, rows
from services.common.rpc.auth import create_token
from services.common.rpc.callers import Role
from services.common.rpc.context import CallContext, current_call
from services.common.rpc.health import Health
from services.common.rpc.metrics import CallMetrics
from services.common.rpc.server import QuotaSettings, Registration, ServerSettings, serving

SERVICE = "lotse.directory.v1.DirectoryService"
DRESDEN = RegionId("dresden")
METHODS = tuple(method.name for method in directory_service_pb2.DESCRIPTOR.services_by_name["DirectoryService"].methods)
WRITES = tuple(name for name in METHODS if not name.startswith(("Get", "List")))
READS = tuple(name for name in METHODS if name.startswith(("Get", "List")))
ACCESS = rows(SERVICE, Access(EVERYBODY), *READS) | rows(SERVICE, Access(frozenset({Role.EDITOR})), *WRITES)
GET, CREATE, LIST = (f"/{SERVICE}/{name}" for name in ("GetOffer", "CreateOffer", "ListOffers"))

Step = Callable[[], Awaitable[None]]


async def _nothing() -> None:
    """Let a handler go on."""


@dataclass
class SmallDirectory(directory_service_pb2_grpc.DirectoryServiceServicer):
    """Notes what reached it; `step` runs inside each handler."""

    seen: list[Message] = field(default_factory=list)
    calls: list[CallContext] = field(default_factory=list)
    step: Step = _nothing

    async def GetOffer(self, request: Any, context: Any) -> Any:  # noqa: N802
        await self._note(request)
        return offer_requests_pb2.GetOfferResponse(offer=offer_pb2.Offer(name=request.name))

    async def CreateOffer(self, request: Any, context: Any) -> Any:  # noqa: N802
        await self._note(request)
        return offer_requests_pb2.CreateOfferResponse(offer=request.offer)

    async def ListOffers(self, request: Any, context: Any) -> Any:  # noqa: N802
        await self._note(request)
        return offer_requests_pb2.ListOffersResponse()

    async def _note(self, request: Message) -> None:
        self.seen.append(request)
        self.calls.append(current_call())
        await self.step()

    def forget(self) -> None:
        """Begin a test with nothing seen."""
        self.seen.clear()
        self.calls.clear()
        self.step = _nothing


def new_servicer() -> SmallDirectory:
    """Make one; its stub calls the methods that no test needs abstract, while gRPC answers UNIMPLEMENTED for them."""
    kind: Any = SmallDirectory
    servicer: SmallDirectory = kind()
    return servicer


@dataclass
class Ground:
    """A running server with tokens of all sorts."""

    port: int
    servicer: SmallDirectory
    tokens_file: Path
    tokens: dict[str, str]
    registry: CollectorRegistry
    health: Health

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment


def make_token(path: Path, clock: Time, role: Role, region: str = DRESDEN, name: str = "console") -> str:
    return create_token(path, clock, region=RegionId(region), role=role, name=name, lifetime=timedelta(days=1))


@asynccontextmanager
async def small_directory(path: Path, clock: Time | None = None, **overrides: Any) -> AsyncIterator[Ground]:
    """Serve the small directory with tokens "editor", "hotline", "foreign" in a file in `path`."""
    clock = clock or Time()
    tokens_file = path / "tokens.json"
    tokens = {
        "editor": make_token(tokens_file, clock, Role.EDITOR),
        "hotline": make_token(tokens_file, clock, Role.HOTLINE),
        "foreign": make_token(tokens_file, clock, Role.EDITOR, region="leipzig"),
    }
    servicer, registry, health = new_servicer(), CollectorRegistry(), Health()
    checks = overrides.pop("checks", {})
    settings = ServerSettings(
        tokens_file=tokens_file, **({"quota": QuotaSettings(rate=100_000, burst=100_000)} | overrides)
    )
    registration = Registration(
        SERVICE, directory_service_pb2_grpc.add_DirectoryServiceServicer_to_server, servicer, ACCESS
    )
    async with serving(
        settings,
        DRESDEN,
        [registration],
        clock=clock,
        health=health,
        checks=checks,
        metrics=CallMetrics(registry),
        check_seconds=0.02,
    ) as port:
        yield Ground(port, servicer, tokens_file, tokens, registry, health)


async def eventually(true: Callable[[], bool | Awaitable[bool]], seconds: float = 5.0) -> None:
    """Wait until something is so; TimeoutError when it never is."""
    async with asyncio.timeout(seconds):
        while True:
            answer = true()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.01)


async def raw_call(
    channel: grpc.aio.Channel,
    path: str,
    body: bytes,
    token: str | None,
    seconds: float | None = 5.0,
    *more: tuple[str, Any],
) -> bytes:
    """Call a method with bytes as they are; no part of our client stands between."""
    metadata = ((("authorization", f"Bearer {token}"),) if token is not None else ()) + more
    call: Any = channel.unary_unary(path)
    return bytes(await call(body, timeout=seconds, metadata=metadata))
