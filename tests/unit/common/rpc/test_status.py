"""Every family has its code, every reason its German sentence, and a refusal stays small enough to travel."""

from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from lotse.errors.v1 import error_reason_pb2
from services.common import errors
from services.common.errors import CorrectTheRequest, FieldViolation, LotseError, SlowDown
from services.common.rpc.german import GERMAN
from services.common.rpc.status import Defect, code_of, error_of, status_of, unpack

REASONS = {name.removeprefix("ERROR_REASON_") for name in dict(error_reason_pb2.ErrorReason.items())} - {"UNSPECIFIED"}


def detail_of(status: Any, kind: Any) -> Any:
    return unpack(status, kind)


def test_every_reason_has_a_german_sentence_and_no_sentence_is_without_reason() -> None:
    assert GERMAN.keys() == REASONS
    assert all(sentence.endswith(".") for sentence in GERMAN.values())


@pytest.mark.parametrize(
    ("family", "code"),
    [
        ("CorrectTheRequest", "INVALID_ARGUMENT"),
        ("ProveWhoYouAre", "UNAUTHENTICATED"),
        ("AskForTheRight", "PERMISSION_DENIED"),
        ("CheckTheName", "NOT_FOUND"),
        ("ChooseAnother", "ALREADY_EXISTS"),
        ("ReadAgain", "ABORTED"),
        ("MendTheState", "FAILED_PRECONDITION"),
        ("SlowDown", "RESOURCE_EXHAUSTED"),
        ("ComeBackLater", "UNAVAILABLE"),
        ("OutOfTime", "DEADLINE_EXCEEDED"),
    ],
)
def test_every_family_has_its_code(family: str, code: str) -> None:
    assert code_of(getattr(errors, family)("R", "m")).name == code
    assert f"({code})" in (getattr(errors, family).__doc__ or "")


def test_no_family_is_without_a_code() -> None:
    families = {name for name, item in vars(errors).items() if isinstance(item, type) and issubclass(item, LotseError)}
    codes = {name: code_of(getattr(errors, name)("R", "m")) for name in families}
    assert [name for name, code in codes.items() if code == grpc.StatusCode.INTERNAL] == ["LotseError"]


def test_a_status_carries_reason_domain_language_fields_and_wait() -> None:
    error = SlowDown("QUOTA_EXCEEDED", "too much", (FieldViolation("a.b", "rule"),), {"k": "v"}, 1.25)
    status = status_of(error, "de")
    info = detail_of(status, error_details_pb2.ErrorInfo)
    retry = detail_of(status, error_details_pb2.RetryInfo)
    bad = detail_of(status, error_details_pb2.BadRequest)
    assert (status.code, status.message) == (8, "too much")
    assert (info.reason, info.domain, dict(info.metadata)) == ("QUOTA_EXCEEDED", "lotse", {"k": "v"})
    assert (retry.retry_delay.seconds, retry.retry_delay.nanos) == (1, 250_000_000)
    assert [(field.field, field.description) for field in bad.field_violations] == [("a.b", "rule")]
    assert detail_of(status, error_details_pb2.LocalizedMessage).message == GERMAN["QUOTA_EXCEEDED"]
    assert detail_of(status_of(error, "en"), error_details_pb2.LocalizedMessage).message == "too much"


def test_a_defect_says_only_its_reference() -> None:
    status = status_of(Defect("0123456789ab"), "en")
    assert status.code == grpc.StatusCode.INTERNAL.value[0]
    assert dict(detail_of(status, error_details_pb2.ErrorInfo).metadata) == {"reference": "0123456789ab"}


@given(st.lists(st.builds(FieldViolation, st.text(max_size=300), st.text(max_size=300)), max_size=200))
def test_a_refusal_never_outgrows_trailing_metadata(fields: list[FieldViolation]) -> None:
    status = status_of(CorrectTheRequest("INVALID_FIELD", "x" * 5000, tuple(fields)), "de")
    # Base64 makes it a third longer; gRPC clients take 8 kB without asking.
    assert status.ByteSize() * 4 / 3 < 8 * 1024
    listed = len(detail_of(status, error_details_pb2.BadRequest).field_violations) if fields else 0
    assert listed == len(fields) or f"and {len(fields) - listed} more" in status.message


@given(st.binary(max_size=100))
def test_bytes_of_another_server_are_read_or_left(data: bytes) -> None:
    status = error_of(data)
    assert status is None or isinstance(status, status_pb2.Status)
    if status is not None:
        detail_of(status, error_details_pb2.ErrorInfo)
