"""Guarantees that nothing of an exception leaves the house, and that every call is counted by how it ended.

gRPC itself sends an unforeseen exception's text to the caller word for word (libraries.md §0.4). Here a foreseen
refusal becomes its status, and a defect a fixed text with a reference number that finds it in our log.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import structlog

from services.common.errors import LotseError
from services.common.rpc.context import Language
from services.common.rpc.metadata import language_of, trace_id_of
from services.common.rpc.metrics import CallMetrics
from services.common.rpc.status import DETAILS_KEY, Defect, code_of, status_of

Context = grpc.aio.ServicerContext[Any, Any]
"""gRPC's side of one call."""

_log = structlog.get_logger()
_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a call before anybody looks at who makes it."""

    trace_id: str
    language: Language


class Shield:
    """Stands around every handler; `random_hex(n)` gives n random bytes in hex for references and trace ids."""

    def __init__(self, metrics: CallMetrics, random_hex: Callable[[int], str]) -> None:
        self._metrics = metrics
        self._random_hex = random_hex

    @asynccontextmanager
    async def around(self, path: str, context: Context) -> AsyncIterator[Origin]:
        """Turn whatever goes wrong inside into a status of ours; a cancelled call stays cancelled."""
        metadata = context.invocation_metadata() or ()
        origin = Origin(trace_id_of(metadata, lambda: self._random_hex(16)), language_of(metadata))
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(trace_id=origin.trace_id, method=path)
        started, code = time.monotonic(), "CANCELLED"
        try:
            try:
                yield origin
            except LotseError as error:
                code = code_of(error).name
                _log.debug("call.refused", code=code, reason=error.reason)
                await refuse(context, error, origin.language)
            except grpc.aio.AbortError:
                code = _name(context.code())
                raise
            except Exception as error:  # noqa: BLE001 - this is the interceptor's place for it (style.md, rule 5)
                code = "UNIMPLEMENTED" if _name(context.code()) == "UNIMPLEMENTED" else "INTERNAL"
                await self._end(error, code, context, origin.language)
            else:
                code = "OK"
        finally:
            self._metrics.count(path, code, time.monotonic() - started)

    async def _end(self, error: Exception, code: str, context: Context, language: Language) -> None:
        """End a call that failed unforeseen; always raises gRPC's AbortError."""
        if code == "UNIMPLEMENTED":
            # A generated method that nobody has written sets this code and raises.
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "this method is not offered here")
        defect = Defect(self._random_hex(6))
        _log.error("call.failed", reference=defect.metadata["reference"], exc_info=error)
        await refuse(context, defect, language)

    def unknown_method(self) -> None:
        """Count a call of a method that is not there: whatever a caller makes up must not become a label."""
        self._metrics.count("unknown", "UNIMPLEMENTED", 0.0)


async def refuse(context: Context, error: LotseError, language: Language) -> None:
    """End the call with the error's status; always raises gRPC's AbortError."""
    status = status_of(error, language)
    await context.abort(code_of(error), status.message, ((DETAILS_KEY, status.SerializeToString()),))


def _name(code: Any) -> str:
    """Name a status code: gRPC's context holds a number or the enum."""
    return code.name if isinstance(code, grpc.StatusCode) else _NAMES.get(code or 0, "UNKNOWN")
