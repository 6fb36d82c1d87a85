"""The narrator tells each step with its time, and counts what did not come true."""

import io
import re

import grpc
import pytest
from rich.console import Console

from services.common.errors import FieldViolation
from services.common.rpc.client import RpcError
from services.node.demo.narrator import Narrator, StepFailed, spent
from services.node.servers.errors import ServerStartError

INVALID = grpc.StatusCode.INVALID_ARGUMENT


def narrator() -> tuple[Narrator, io.StringIO]:
    out = io.StringIO()
    return Narrator(Console(file=out, width=200, color_system=None)), out


def test_a_step_that_comes_true_is_told_with_its_time() -> None:
    teller, out = narrator()
    teller.chapter("The hotline asks")
    with teller.step("uk: Шукаю дитячий садок"):
        teller.detail("1. Wegweiser")
    assert re.search(r"The hotline asks\n +1\. Wegweiser\n +✔ uk: Шукаю дитячий садок \d+ ms\n", out.getvalue())
    assert teller.failed == 0


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StepFailed("expected one, found two"), "expected one, found two"),
        (ServerStartError("OpenSearch", "no answer within 90 s"), "OpenSearch did not start: no answer within 90 s"),
        (
            RpcError(
                grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "wrong", (FieldViolation("offer.kind", "is a must"),)
            ),
            "wrong (offer.kind: is a must) [INVALID_FIELD]",
        ),
        (RpcError(grpc.StatusCode.UNAVAILABLE, "", "nobody there"), "nobody there [UNAVAILABLE]"),
    ],
)
def test_a_step_that_fails_is_told_with_its_reason_and_ends_the_story(error: Exception, told: str) -> None:
    teller, out = narrator()
    with pytest.raises(StepFailed), teller.step("findable"):
        raise error
    assert f"✘ findable: {told}" in out.getvalue()
    assert teller.failed == 1


def test_a_defect_is_no_failed_step() -> None:
    teller, out = narrator()
    with pytest.raises(ZeroDivisionError), teller.step("findable"):
        raise ZeroDivisionError
    assert (teller.failed, out.getvalue()) == (0, "")


def test_brackets_in_texts_are_no_markup() -> None:
    teller, out = narrator()
    with teller.step("[bold]not bold[/bold]"):
        pass
    assert "[bold]not bold[/bold]" in out.getvalue()


def test_long_times_are_told_in_seconds() -> None:
    import time

    assert re.fullmatch(r"1[0-9]\.\d s", spent(time.perf_counter() - 10.5))
    assert re.fullmatch(r"\d+ ms", spent(time.perf_counter()))
