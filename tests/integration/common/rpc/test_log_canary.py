"""The log of a server holds nothing that callers sent and no text of exceptions."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).parents[4]
CANARY = "canary-9f3b-frau-muster"


async def test_a_log_at_debug_holds_no_canary_and_finds_the_defect_by_its_place() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.common.rpc.noisy_calls",
        CANARY,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "proto" / "gen")])},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    answers, log = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, log.decode()
    assert answers.decode().split() == [
        "INTERNAL",
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        "UNAUTHENTICATED",
        "UNAUTHENTICATED",
        "UNIMPLEMENTED",
    ]
    assert CANARY not in log.decode()
    events = [json.loads(line) for line in log.decode().splitlines() if line.startswith("{")]
    failed = next(event for event in events if event["event"] == "call.failed")
    assert (failed["error"], failed["cause"]) == ("RuntimeError", ["ValueError"])
    assert len(failed["reference"]) == 12
    assert any("noisy_calls" in place for place in failed["places"])
    assert [event["reason"] for event in events if event["event"] == "call.refused"] == [
        "INVALID_FIELD",
        "MALFORMED_REQUEST",
        "TOKEN_INVALID",
        "TOKEN_INVALID",
    ]
