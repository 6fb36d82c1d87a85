"""Owns how a refusal travels: LotseError to gRPC status and rich details, and back again at the caller's side.

The details ride in trailing metadata, which gRPC clients take up to 8 kB of: long lists of fields are cut, and the
message says how many were left out.
"""

from typing import TypeVar

import grpc
from google.protobuf.any_pb2 import Any as PackedAny
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from services.common.errors import (
    AskForTheRight,
    CheckTheName,
    ChooseAnother,
    ComeBackLater,
    CorrectTheRequest,
    FieldViolation,
    LotseError,
    MendTheState,
    OutOfTime,
    ProveWhoYouAre,
    ReadAgain,
    SlowDown,
)
from services.common.rpc.context import Language
from services.common.rpc.german import GERMAN

_Detail = TypeVar("_Detail", bound=Message)

DOMAIN = "lotse"
"""ErrorInfo.domain of every refusal of ours."""

DETAILS_KEY = "grpc-status-details-bin"
"""Trailing metadata that carries google.rpc.Status."""

MAX_DETAIL_BYTES = 4096
"""For the fields of one refusal; base64 and message come on top of it."""

MAX_MESSAGE_CHARACTERS = 500
"""Of a status message."""

_CODES: tuple[tuple[type[LotseError], grpc.StatusCode], ...] = (
    (CorrectTheRequest, grpc.StatusCode.INVALID_ARGUMENT),
    (ProveWhoYouAre, grpc.StatusCode.UNAUTHENTICATED),
    (AskForTheRight, grpc.StatusCode.PERMISSION_DENIED),
    (CheckTheName, grpc.StatusCode.NOT_FOUND),
    (ChooseAnother, grpc.StatusCode.ALREADY_EXISTS),
    (ReadAgain, grpc.StatusCode.ABORTED),
    (MendTheState, grpc.StatusCode.FAILED_PRECONDITION),
    (SlowDown, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (ComeBackLater, grpc.StatusCode.UNAVAILABLE),
    (OutOfTime, grpc.StatusCode.DEADLINE_EXCEEDED),
)


class Defect(LotseError):
    """A failure that nobody foresaw (INTERNAL): a fixed text and a reference number that finds it in the log."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            "INTERNAL", "an internal error occurred; report the reference", metadata={"reference": reference}
        )


def code_of(error: LotseError) -> grpc.StatusCode:
    """Give the status code of an error's family."""
    return next((code for family, code in _CODES if isinstance(error, family)), grpc.StatusCode.INTERNAL)


def status_of(error: LotseError, language: Language) -> status_pb2.Status:
    """Write an error as google.rpc.Status: ErrorInfo, LocalizedMessage and, where they help, BadRequest, RetryInfo."""
    text = GERMAN.get(error.reason, "Die Anfrage wurde abgelehnt.") if language == "de" else error.message
    status = status_pb2.Status(code=code_of(error).value[0], message=error.message[:MAX_MESSAGE_CHARACTERS])
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=dict(error.metadata)),
        error_details_pb2.LocalizedMessage(locale=language, message=text[:MAX_MESSAGE_CHARACTERS]),
    ]
    if error.fields:
        bad, left_out = _bad_request(error.fields)
        details.append(bad)
        if left_out:
            status.message += f" (and {left_out} more fields that are not listed)"
    if error.retry_seconds is not None:
        wait = Duration()
        wait.FromNanoseconds(int(error.retry_seconds * 1e9))
        details.append(error_details_pb2.RetryInfo(retry_delay=wait))
    for detail in details:
        status.details.add().Pack(detail)
    return status


def error_of(details: bytes) -> status_pb2.Status | None:
    """Read the bytes of DETAILS_KEY; None when they are no status."""
    try:
        return status_pb2.Status.FromString(details)
    except DecodeError:
        return None


def unpack(status: status_pb2.Status, kind: type[_Detail]) -> _Detail | None:
    """Take one kind of detail out of a status; None when it has none."""
    detail = kind()
    packed: PackedAny
    for packed in status.details:
        if packed.TypeName() == detail.DESCRIPTOR.full_name and packed.Unpack(detail):
            return detail
    return None


def _bad_request(fields: tuple[FieldViolation, ...]) -> tuple[error_details_pb2.BadRequest, int]:
    """List fields as long as they fit; also gives how many did not."""
    bad = error_details_pb2.BadRequest()
    size = 0
    for listed, violation in enumerate(fields):
        size += len(violation.path.encode()) + len(violation.rule.encode()) + 8
        if size > MAX_DETAIL_BYTES:
            return bad, len(fields) - listed
        bad.field_violations.add(field=violation.path, description=violation.rule)
    return bad, 0
