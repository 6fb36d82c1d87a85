"""Owns what a handler may know of the call that it serves."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from services.common.rpc.callers import Caller

Language = Literal["de", "en"]
"""Languages in which errors are told to people."""

DEADLINE_MARGIN_SECONDS = 0.020
"""Held back from what is left, so that an answer still arrives (letsencrypt/boulder's figure)."""


@dataclass(frozen=True, slots=True)
class CallContext:
    """One call: who, which method ("/lotse.directory.v1.DirectoryService/GetOffer"), and how long it may take.

    `request_id` is the request's field of that name, or "". `content_hash` is SHA-256 over the request without it,
    32 bytes: the same id with another hash is another request. `trace_id` is 32 hex digits.
    """

    caller: Caller
    method: str
    trace_id: str
    request_id: str
    content_hash: bytes
    language: Language
    seconds_left: Callable[[], float]

    def remaining(self) -> float:
        """Give the seconds that the handler may still use: the caller's deadline minus 20 ms, never below zero."""
        return max(0.0, self.seconds_left() - DEADLINE_MARGIN_SECONDS)


_current: ContextVar[CallContext | None] = ContextVar("lotse_call", default=None)


def current_call() -> CallContext:
    """Give the call that this task serves; LookupError outside of one."""
    call = _current.get()
    if call is None:
        raise LookupError("no call is being served here")
    return call


def call_if_any() -> CallContext | None:
    """Give the call that this task serves, or None in background work."""
    return _current.get()


def enter_call(call: CallContext) -> None:
    """Make this the task's call. gRPC runs each call in a task of its own, so nothing needs to be put back."""
    _current.set(call)
