"""Guarantees one way to serve: every call passes the pipeline, and an end waits for running calls."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from google.protobuf import descriptor_pool
from grpc_health.v1 import health as health_service
from grpc_reflection.v1alpha import reflection
from prometheus_client import CollectorRegistry

from services.common.clock import Clock, utc_now
from services.common.names import RegionId
from services.common.rpc.access import Access, AccessTable, check_table
from services.common.rpc.address import parse_address, require_loopback
from services.common.rpc.admission import Admission
from services.common.rpc.auth import TokenFile
from services.common.rpc.health import Check, Health
from services.common.rpc.metrics import CallMetrics
from services.common.rpc.pipeline import Pipeline
from services.common.rpc.quota import Quota
from services.common.rpc.server_settings import QuotaSettings, ServerSettings, TlsSettings
from services.common.settings import StartupError

__all__ = ["QuotaSettings", "Registration", "ServerSettings", "TlsSettings", "serving"]

MAX_REQUEST_BYTES = 1024 * 1024
"""Larger requests are refused by gRPC with RESOURCE_EXHAUSTED before they are read."""

MAX_RESPONSE_BYTES = 16 * 1024 * 1024
"""Largest answer; our client takes as much."""

_STOP_SECONDS = 0.5
"""What open health watches get at the end: business calls have been waited for before."""

_log = structlog.get_logger()

_OPTIONS = (
    ("grpc.so_reuseport", 0),  # else a second process on the same port would get half of the calls
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    ("grpc.max_send_message_length", MAX_RESPONSE_BYTES),
    # Between gRPC's soft and hard limit calls fail at random, so both are the same here.
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.absolute_max_metadata_size", 16 * 1024),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    # Connections end after five minutes, so that load spreads to new replicas behind a plain Service.
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
)


@dataclass(frozen=True, slots=True)
class Registration:
    """One service to serve: its full name (e.g. "lotse.directory.v1.DirectoryService"), how to add it, rights."""

    service: str
    add: Callable[[Any, grpc.aio.Server], None]
    servicer: object
    access: AccessTable


@asynccontextmanager
async def serving(
    settings: ServerSettings,
    region: RegionId,
    services: Sequence[Registration],
    *,
    clock: Clock = utc_now,
    health: Health | None = None,
    checks: Mapping[str, Check] | None = None,
    metrics: CallMetrics | None = None,
    check_seconds: float = 1.0,
) -> AsyncIterator[int]:
    """Serve and yield the port; leaving says NOT_SERVING, refuses new calls, lets running ones finish, stops.

    `region` is this node's own. `checks` are asked every second: three refusals in a row turn readiness off, two
    answers turn it on again. Raises StartupError for a port in use, a plaintext address that is not loopback, a
    tokens file that is missing or readable for others, or an access table that does not fit.
    """
    table = whole_table(services)
    quota = Quota(settings.quota.rate, settings.quota.burst, time.monotonic)
    admission = Admission(region, TokenFile(settings.tokens_file, clock), quota)
    pipeline = Pipeline(table, admission, metrics or CallMetrics(CollectorRegistry()))
    server = grpc.aio.server(
        interceptors=[pipeline], options=_OPTIONS, maximum_concurrent_rpcs=settings.max_concurrent_rpcs
    )
    health = health or Health()
    names = [registration.service for registration in services]
    health.add_to(server, names)
    for registration in services:
        registration.add(registration.servicer, server)
    if settings.reflection:
        reflection.enable_server_reflection([*names, health_service.SERVICE_NAME, reflection.SERVICE_NAME], server)
    port = bind(server, settings)
    await server.start()
    try:
        await health.start()
        _log.info("server.started", services=names, port=port)
        async with health.watching(checks or {}, check_seconds):
            yield port
    finally:
        await health.drain()
        await pipeline.drain(settings.drain_seconds)
        await server.stop(_STOP_SECONDS)
        _log.info("server.stopped", services=names)


def whole_table(services: Sequence[Registration]) -> AccessTable:
    """Join the services' access tables; raises StartupError for a method without a row or a row without a method."""
    table: dict[str, Access] = {}
    paths: list[str] = []
    problems: list[str] = []
    for registration in services:
        table.update(registration.access)
        try:
            methods = descriptor_pool.Default().FindServiceByName(registration.service).methods
        except KeyError:
            problems.append(f"no such service: {registration.service}")
            continue
        paths += [f"/{registration.service}/{method.name}" for method in methods]
        problems += [
            f"callers may not stream to a method: {method.full_name}" for method in methods if method.client_streaming
        ]
    if problems:
        raise StartupError(*problems)
    check_table(table, paths)
    return table


def bind(server: grpc.aio.Server, settings: ServerSettings) -> int:
    """Take the port, with TLS when there is a certificate; raises StartupError when it cannot be had."""
    address = parse_address(settings.address)
    try:
        if settings.tls is None:
            require_loopback(address)
            return server.add_insecure_port(str(address))
        pair = settings.tls.key_file.read_bytes(), settings.tls.certificate_file.read_bytes()
        return server.add_secure_port(str(address), grpc.ssl_server_credentials([pair]))
    except OSError:
        raise StartupError("the server's certificate or key file cannot be read") from None
    except RuntimeError:
        raise StartupError(f"{address}: the port is in use or may not be taken") from None
