"""Guarantees that each call is checked, counted and answered in our words before anything of a service runs.

Order (libraries.md §3): trace, metrics, error shield, authentication, rights, quota, deadline, parsing, rules, handler.
Requests come here as bytes and answers leave as bytes, so that parsing and writing are inside the shield too.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import grpc
import structlog

from services.common.rpc.access import AccessTable
from services.common.rpc.admission import Admission, Method, parsed
from services.common.rpc.metrics import CallMetrics
from services.common.rpc.shield import Context, Shield

OPEN_SERVICES = frozenset({"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"})
"""Services that need no token: probes have none, and reflection is a setting that is off by default."""

Handler = Any
"""A registered method. gRPC's types describe the synchronous one only, so its parts are untyped here."""

_log = structlog.get_logger()


class Pipeline(grpc.aio.ServerInterceptor):
    """Wraps every method of a server once, at its first call."""

    def __init__(
        self,
        table: AccessTable,
        admission: Admission,
        metrics: CallMetrics,
        random_hex: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        self._table = table
        self._admission = admission
        self._shield = Shield(metrics, random_hex)
        self._wrapped: dict[str, Handler] = {}
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def drain(self, seconds: float) -> bool:
        """Refuse new calls and wait for the running ones; False when some still ran after `seconds`."""
        self._admission.open = False
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("calls.abandoned", count=self._running)
            return False
        return True

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Give the wrapped method, or None (UNIMPLEMENTED) for one that is not registered."""
        path = handler_call_details.method
        if path not in self._wrapped:
            handler = await continuation(handler_call_details)
            wrapped = self._wrap(path, handler) if handler is not None else None
            if wrapped is None:
                self._shield.unknown_method()
                return None
            self._wrapped[path] = wrapped
        return self._wrapped[path]

    def _wrap(self, path: str, handler: Handler) -> Handler:
        access = self._table.get(path)
        if access is not None:
            method = Method(path, access, handler.request_deserializer)
            return self._many(method, handler) if handler.response_streaming else self._one(method, handler)
        return open_method(self._shield, path, handler) if path.split("/")[1] in OPEN_SERVICES else None

    def _one(self, method: Method, handler: Handler) -> Handler:
        async def answer(raw: bytes, context: Context) -> Any:
            async with self._shield.around(method.path, context) as origin, self._counted():
                request = self._admission.admit(method, raw, context, origin)
                return handler.response_serializer(await handler.unary_unary(request, context))

        return grpc.unary_unary_rpc_method_handler(answer)

    def _many(self, method: Method, handler: Handler) -> Handler:
        async def answers(raw: bytes, context: Context) -> AsyncIterator[bytes]:
            async with self._shield.around(method.path, context) as origin, self._counted():
                request = self._admission.admit(method, raw, context, origin)
                # Closing it here and not at some later collection: a watcher frees what it holds when its caller goes.
                async with aclosing(handler.unary_stream(request, context)) as responses:
                    async for response in responses:
                        yield handler.response_serializer(response)

        return grpc.unary_stream_rpc_method_handler(answers)

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        """Let a drain know that a call is running."""
        self._running += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()


def open_method(shield: Shield, path: str, handler: Handler) -> Handler:
    """Shield a method that needs no token: health's two and reflection's one."""

    async def check(raw: bytes, context: Context) -> Any:
        async with shield.around(path, context):
            request = parsed(handler.request_deserializer, raw)
            return handler.response_serializer(await handler.unary_unary(request, context))

    async def watch(raw: bytes, context: Context) -> None:
        # Health's Watch writes to the context by itself, so gRPC serialises its answers.
        async with shield.around(path, context):
            await handler.unary_stream(parsed(handler.request_deserializer, raw), context)

    async def reflect(raws: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        async with shield.around(path, context):
            requests = (parsed(handler.request_deserializer, raw) async for raw in raws)
            async for response in handler.stream_stream(requests, context):
                yield handler.response_serializer(response)

    if handler.request_streaming:
        return grpc.stream_stream_rpc_method_handler(reflect)
    if handler.response_streaming:
        return grpc.unary_stream_rpc_method_handler(watch, response_serializer=handler.response_serializer)
    return grpc.unary_unary_rpc_method_handler(check)
