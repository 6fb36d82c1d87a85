"""Whoever is killed between whichever two steps of a referral: one effect, one mail a step and recipient, equal chains.

Dresden's services live on SQLite, Leipzig's on PostgreSQL, and each is source once: `make kills`.
"""

from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.common.names import RegionId
from services.notify.catching import running_catcher
from tests.support.postgres import fresh_database
from tests.support.storm.referral_stage import REFERRING, ReferralCast, casework_databases, running_referral_stage
from tests.support.storm.referrals import add_mailbox
from tests.support.storm.report import TABLES
from tests.support.storm.step_kills import BOUNDARIES, Kill, Runs

pytest_plugins = ("tests.support.storm.fixtures",)
pytestmark = pytest.mark.asyncio(loop_scope="session")

PARTS = ("hub", *(f"{kind}-{side}" for kind in ("broker", "referral", "notify") for side in ("source", "target")))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def runs(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runs]:
    """One stage for all: what is left of an earlier run would show in a later one."""
    made = await casework_databases(lambda: fresh_database(postgres_url))
    databases = {name: url for name, url in made.items() if name.startswith("leipzig/")}
    folder: Path = tmp_path_factory.mktemp("kills")
    async with running_catcher() as catcher:
        catcher.messages = deque()
        async with running_referral_stage(ReferralCast(folder, databases, catcher.port)) as stage:
            for region in REFERRING:
                await add_mailbox(stage, region)
            yield Runs(stage, catcher.messages, [])


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("source", REFERRING)
async def test_a_kill_between_any_two_steps_changes_nothing(runs: Runs, source: RegionId, part: str) -> None:
    (target,) = (region for region in REFERRING if region != source)
    name = part.replace("source", source).replace("target", target)
    for boundary in BOUNDARIES:
        await runs.play(Kill(boundary, name, source))
    findings = await runs.findings()
    TABLES.append(f"kills {name}: source {source}, {len(BOUNDARIES)} boundaries, {len(findings)} findings")
    assert findings == []
