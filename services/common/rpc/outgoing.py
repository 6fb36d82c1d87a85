"""Owns what is added to a call on its way out, and how its refusal is read when it comes back."""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2  # type: ignore[import-untyped]

from services.common.errors import FieldViolation
from services.common.rpc.context import call_if_any
from services.common.rpc.deadline import MIN_SECONDS
from services.common.rpc.status import DETAILS_KEY, error_of, unpack

READ_SECONDS, SEARCH_SECONDS, WRITE_SECONDS, STREAM_SECONDS = 2.0, 3.0, 5.0, 60.0
"""Deadlines by kind of call (libraries.md §3)."""
_READS, _SEARCHES = ("Get", "List"), ("Search", "Suggest", "Explain", "Recommend")


@dataclass(eq=False)
class RpcError(Exception):
    """A refused call; `reason` is "" and `fields` are empty when the other side gave no details (e.g. it is down)."""

    code: grpc.StatusCode
    reason: str
    message: str
    fields: tuple[FieldViolation, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    localized: str = ""
    retry_seconds: float | None = None

    def __str__(self) -> str:
        """Give code, reason and message."""
        return f"{self.code.name} {self.reason}: {self.message}"


@dataclass(frozen=True, slots=True)
class Patience:
    """How a caller waits who has time: so many seconds for each try, and so many tries when one ran out of them.

    A try again carries the request_id of the first, so it never acts twice; a write without that field has one try.
    """

    seconds: float = 30.0
    tries: int = 2


class Outgoing:
    """Prepares calls: deadline, token, trace, language."""

    def __init__(self, token: str | None, patience: Patience | None = None) -> None:
        self._token = token
        self._patience = patience

    def seconds_for(self, method: str | bytes) -> float:
        """Give the deadline of a call for which its caller names none."""
        return self._patience.seconds if self._patience else seconds_for(method)

    def tries_for(self, method: str | bytes, request: Any) -> int:
        """Say how often a call may be made in all when it runs out of time."""
        return self._patience.tries if self._patience and _repeatable(method, request) else 1

    def prepared(self, details: grpc.aio.ClientCallDetails, default_seconds: float) -> grpc.aio.ClientCallDetails:
        """Add what a call needs; raises RpcError when the call served here has no time left for it."""
        metadata = grpc.aio.Metadata(*(details.metadata or ()))
        seconds = default_seconds if details.timeout is None else details.timeout
        served = call_if_any()
        if served is not None:
            seconds = min(seconds, served.remaining())
            if seconds < MIN_SECONDS:
                raise RpcError(grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_TOO_SHORT", "no time left for this call")
            metadata.add("traceparent", f"00-{served.trace_id}-{secrets.token_hex(8)}-01")
            metadata.add("accept-language", served.language)
        if self._token is not None:
            metadata.add("authorization", f"Bearer {self._token}")
        return grpc.aio.ClientCallDetails(
            details.method, seconds, metadata, details.credentials, details.wait_for_ready
        )


class DeadlinedUnary(grpc.aio.UnaryUnaryClientInterceptor):
    """Prepares calls with one answer and reads their refusals."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def intercept_unary_unary(
        self, continuation: Callable[..., Any], client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        """Make the call and wait for its answer; raises RpcError."""
        method = client_call_details.method
        seconds, request = self._outgoing.seconds_for(method), with_request_id(request)
        tries = self._outgoing.tries_for(method, request)
        while True:
            call = await continuation(self._outgoing.prepared(client_call_details, seconds), request)
            try:
                await call
            except grpc.aio.AioRpcError as error:
                tries -= 1
                if tries == 0 or error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                    raise rpc_error(error) from None
            else:
                return call


class DeadlinedStream(grpc.aio.UnaryStreamClientInterceptor):
    """Prepares calls with many answers and reads their refusals."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def intercept_unary_stream(
        self, continuation: Callable[..., Any], client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        """Make the call and pass its answers on; raises RpcError where it breaks off."""
        return _answers(await continuation(self._outgoing.prepared(client_call_details, STREAM_SECONDS), request))


async def _answers(call: Any) -> AsyncIterator[Any]:
    try:
        async for answer in call:
            yield answer
    except grpc.aio.AioRpcError as error:
        raise rpc_error(error) from None
    finally:
        call.cancel()


def seconds_for(method: str | bytes) -> float:
    """Give the deadline of a method by how its name begins."""
    name = _name_of(method)
    if name.startswith(_READS):
        return READ_SECONDS
    return SEARCH_SECONDS if name.startswith(_SEARCHES) else WRITE_SECONDS


def _repeatable(method: str | bytes, request: Any) -> bool:
    """Say whether making a call twice does what making it once does."""
    return bool(getattr(request, "request_id", "")) or _name_of(method).startswith(_READS + _SEARCHES)


def _name_of(method: str | bytes) -> str:
    return (method.decode() if isinstance(method, bytes) else method).rpartition("/")[2]


def with_request_id(request: Any) -> Any:
    """Give the request a `request_id` when the field is there and empty; the caller's object stays as it is."""
    if not isinstance(request, Message) or "request_id" not in request.DESCRIPTOR.fields_by_name:
        return request
    if getattr(request, "request_id"):  # noqa: B009 - the attribute is known by the descriptor only
        return request
    copy = type(request)()
    copy.CopyFrom(request)
    setattr(copy, "request_id", str(uuid4()))  # noqa: B010 - same
    return copy


def rpc_error(error: grpc.aio.AioRpcError) -> RpcError:
    """Read a refusal with all details that it carries."""
    message = error.details() or ""
    raw = next((value for key, value in error.trailing_metadata() or () if key == DETAILS_KEY), None)
    status = error_of(raw) if isinstance(raw, bytes) else None
    if status is None:
        return RpcError(error.code(), "", message)
    info = unpack(status, error_details_pb2.ErrorInfo)
    bad = unpack(status, error_details_pb2.BadRequest)
    localized = unpack(status, error_details_pb2.LocalizedMessage)
    retry = unpack(status, error_details_pb2.RetryInfo)
    return RpcError(
        code=error.code(),
        reason=info.reason if info else "",
        message=message,
        fields=tuple(FieldViolation(found.field, found.description) for found in bad.field_violations) if bad else (),
        metadata=dict(info.metadata) if info else {},
        localized=localized.message if localized else "",
        retry_seconds=retry.retry_delay.ToNanoseconds() / 1e9 if retry else None,
    )
