"""Nothing that was acknowledged is lost and nothing deleted comes back, whoever is killed and whenever.

`STORM_SEED=7` plays one storm again; `STORM_SEEDS=20` plays that many new ones (`make storm SEEDS=20`).
"""

import os
import random
from pathlib import Path

import pytest

from tests.support.storm.report import TABLES
from tests.support.storm.stage import Stage
from tests.support.storm.storm import Weather, run_storm

pytest_plugins = ("tests.support.storm.fixtures",)
pytestmark = pytest.mark.asyncio(loop_scope="session")

EXPECTED_REFUSALS = {"ETAG_MISMATCH", "RESOURCE_DELETED", "RESOURCE_NOT_DELETED", "STATE_NOT_ALLOWED"}
"""Editors of one region meet: somebody else was faster. Anything else would be a defect, ours or the editors'."""


def seeds() -> list[int]:
    if "STORM_SEED" in os.environ:
        return [int(os.environ["STORM_SEED"])]
    if "STORM_SEEDS" in os.environ:
        return random.SystemRandom().sample(range(1_000, 1_000_000), int(os.environ["STORM_SEEDS"]))
    return [1]


@pytest.mark.parametrize("seed", seeds())
async def test_a_kill_storm_loses_revives_and_doubles_nothing(stage: Stage, seed: int, tmp_path: Path) -> None:
    report = await run_storm(stage, Weather(seed), tmp_path)
    TABLES.extend(report.lines())
    assert [str(finding) for finding in report.findings] == [], f"STORM_SEED={seed} plays it again; see {tmp_path}"
    assert set(report.refusals) <= EXPECTED_REFUSALS, report.refusals
