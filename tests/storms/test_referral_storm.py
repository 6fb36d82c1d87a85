"""Referrals come through whole whoever is killed and whenever: once, alike on both sides, persons only where released.

`LOTSE_STORM_SEED=7` plays one storm again, `LOTSE_STORM_REFERRALS=500` makes it long.
"""

import os
from collections import deque
from pathlib import Path

import pytest

from services.notify.catching import running_catcher
from tests.support.postgres import fresh_database
from tests.support.storm.referral_stage import ReferralCast, casework_databases, running_referral_stage
from tests.support.storm.referrals import ReferralReport, run_referral_storm
from tests.support.storm.report import TABLES

pytest_plugins = ("tests.support.storm.fixtures",)
pytestmark = pytest.mark.asyncio(loop_scope="session")

SEED = int(os.environ.get("LOTSE_STORM_SEED", "1"))
COUNT = int(os.environ.get("LOTSE_STORM_REFERRALS", "12"))


async def storm(folder: Path, databases: dict[str, str], count: int, *, kills: bool) -> ReferralReport:
    async with running_catcher() as catcher:
        catcher.messages = deque()  # all of them, however many
        async with running_referral_stage(ReferralCast(folder, databases, catcher.port)) as stage:
            report = await run_referral_storm(stage, catcher, SEED, count, kills=kills)
    TABLES.extend(report.lines())
    return report


@pytest.fixture(params=["sqlite", "postgres"])
def server_url(request: pytest.FixtureRequest) -> str:
    """URL of the PostgreSQL server; "" for SQLite. It starts only when asked for, which an async test cannot do."""
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else ""


async def test_referrals_survive_a_kill_storm(server_url: str, tmp_path: Path) -> None:
    databases = await casework_databases(lambda: fresh_database(server_url)) if server_url else {}
    report = await storm(tmp_path, databases, COUNT, kills=True)
    assert report.findings == [], f"LOTSE_STORM_SEED={SEED} LOTSE_STORM_REFERRALS={COUNT} plays it again"
    assert report.killed.total() >= 7
