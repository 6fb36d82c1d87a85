"""Errors name a reason and fields, and their text never grows out of what somebody entered."""

from services.common.errors import CorrectTheRequest, FieldViolation, LotseError, SlowDown, invalid


def test_all_broken_fields_are_named_in_one_error() -> None:
    error = invalid(("offer.title", "must not be empty"), ("offer.kind", "must be given"))
    assert isinstance(error, CorrectTheRequest)
    assert error.reason == "INVALID_FIELD"
    assert error.fields == (
        FieldViolation("offer.title", "must not be empty"),
        FieldViolation("offer.kind", "must be given"),
    )
    assert str(error) == "INVALID_FIELD: these fields break a rule: offer.title, offer.kind"


def test_an_error_can_be_raised_with_a_cause_and_keeps_its_place() -> None:
    cause = KeyError("value")
    try:
        raise SlowDown("QUOTA_EXCEEDED", "too much", retry_seconds=1.5) from cause
    except LotseError as error:
        caught = error
    assert caught.__cause__ is cause
    assert caught.__traceback__ is not None
    assert (caught.retry_seconds, caught.fields, dict(caught.metadata)) == (1.5, (), {})


def test_two_errors_are_never_equal_by_content() -> None:
    assert SlowDown("A", "b") != SlowDown("A", "b")
