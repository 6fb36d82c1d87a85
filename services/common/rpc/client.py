"""Guarantees that every call we make has a deadline, the caller's time behind it, and readable errors."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc

from services.common.rpc.address import parse_address, require_loopback
from services.common.rpc.outgoing import DeadlinedStream, DeadlinedUnary, Outgoing, Patience, RpcError
from services.common.rpc.server import MAX_RESPONSE_BYTES

__all__ = ["Patience", "RpcError", "connect"]

_SERVICE_CONFIG = {
    # Only retries: a `timeout` here is broken in Python (libraries.md §0.3), so each call carries its own.
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
    "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
}

_OPTIONS = (
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.max_receive_message_length", MAX_RESPONSE_BYTES),
    ("grpc.absolute_max_metadata_size", 32 * 1024),
    # A node that was restarted should be found again within seconds, not after gRPC's two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.keepalive_time_ms", 30_000),
)


@asynccontextmanager
async def connect(
    target: str, token: str | None = None, *, ca_file: Path | None = None, patience: Patience | None = None
) -> AsyncIterator[grpc.aio.Channel]:
    """Yield a channel to "host:port"; generated async stubs work over it unchanged: `DirectoryServiceStub(channel)`.

    Each call gets a deadline (Get, List 2 s; Search, Suggest, Explain, Recommend 3 s; others 5 s; streams 60 s; a
    `timeout=` of the caller's wins) but never more than what is left of the call being served here; the token;
    `traceparent`; and a fresh `request_id` where the field is empty, so that a retry never acts twice. UNAVAILABLE is
    tried up to four times. With `patience` calls may take longer (set-up, imports). Failures raise RpcError. With
    `ca_file` the channel is TLS; without it only loopback targets are accepted (StartupError), because the token would
    travel in the clear.
    """
    async with channel_to(target, token, ca_file, patience) as channel:
        yield channel


def channel_to(
    target: str, token: str | None, ca_file: Path | None, patience: Patience | None = None
) -> grpc.aio.Channel:
    """Make the channel; it connects at its first call."""
    outgoing = Outgoing(token, patience)
    interceptors: list[grpc.aio.ClientInterceptor] = [DeadlinedUnary(outgoing), DeadlinedStream(outgoing)]
    if ca_file is None:
        require_loopback(parse_address(target))
        return grpc.aio.insecure_channel(target, options=_OPTIONS, interceptors=interceptors)
    credentials = grpc.ssl_channel_credentials(ca_file.read_bytes())
    return grpc.aio.secure_channel(target, credentials, options=_OPTIONS, interceptors=interceptors)
