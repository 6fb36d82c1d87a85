"""Owns the order in which a call is checked before its handler sees it.

Who calls comes first: a stranger learns nothing of deadlines, sizes or rules, and its bytes are not even parsed.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from services.common.errors import ComeBackLater, CorrectTheRequest
from services.common.names import RegionId
from services.common.rpc.access import Access, authorise, authorise_names
from services.common.rpc.auth import TokenFile
from services.common.rpc.context import CallContext, enter_call
from services.common.rpc.deadline import check_deadline
from services.common.rpc.metadata import token_of
from services.common.rpc.quota import Quota
from services.common.rpc.shield import Context, Origin
from services.common.rpc.validation import violations


@dataclass(frozen=True, slots=True)
class Method:
    """A method as registered: its path, its row in the access table, and how its request is read from bytes."""

    path: str
    access: Access
    parse: Callable[[bytes], Message]


class Admission:
    """Lets a call in or raises the LotseError that says why not."""

    def __init__(self, region: RegionId, tokens: TokenFile, quota: Quota) -> None:
        self._region = region
        self._tokens = tokens
        self._quota = quota
        self.open = True

    def admit(self, method: Method, raw: bytes, context: Context, origin: Origin) -> Message:
        """Check one call in the house's order, make it the task's call, and give its request."""
        caller = self._tokens.caller_of(token_of(context.invocation_metadata() or ()))
        if not self.open:
            raise ComeBackLater("SHUTTING_DOWN", "this server is ending; another replica answers", retry_seconds=1.0)
        authorise(method.access, caller, self._region)
        self._quota.take(caller)
        check_deadline(context.time_remaining())
        request = parsed(method.parse, raw)
        check_fields(request)
        authorise_names(method.access, request, self._region)
        request_id = request_id_of(request)
        content_hash = content_hash_of(request) if request_id else b""
        call = CallContext(
            caller=caller,
            method=method.path,
            trace_id=origin.trace_id,
            request_id=request_id,
            content_hash=content_hash,
            language=origin.language,
            seconds_left=lambda: context.time_remaining() or 0.0,
        )
        enter_call(call)
        return request


def parsed(parse: Callable[[bytes], Message], raw: bytes) -> Message:
    """Read a message from bytes; raises MALFORMED_REQUEST. gRPC would tell the caller our parser's own words."""
    try:
        return parse(raw)
    except DecodeError:
        raise CorrectTheRequest("MALFORMED_REQUEST", "the bytes are not a message of the declared type") from None


def check_fields(request: Message) -> None:
    """Raise INVALID_FIELD with all fields that break a rule of the proto."""
    found = violations(request)
    if found:
        raise CorrectTheRequest("INVALID_FIELD", f"{len(found)} fields break a rule", found)


def request_id_of(request: Message) -> str:
    """Give the request's `request_id`, or "" when its type has none."""
    descriptor = request.DESCRIPTOR.fields_by_name.get("request_id")
    if descriptor is None or descriptor.type != FieldDescriptor.TYPE_STRING:
        return ""
    return str(getattr(request, "request_id"))  # noqa: B009 - the attribute is known by the descriptor only


def content_hash_of(request: Message) -> bytes:
    """Give SHA-256 over the request without its `request_id`: two calls of one id must agree in it."""
    bare = type(request)()
    bare.CopyFrom(request)
    bare.ClearField("request_id")
    return hashlib.sha256(bare.SerializeToString(deterministic=True)).digest()
