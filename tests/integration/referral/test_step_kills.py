"""A process that is killed between two steps changes nothing of a referral: the kills that hurt most.

`make kills` plays each process at each step, with the source on either database engine.
"""

from collections import deque
from pathlib import Path

import pytest

from services.notify.catching import running_catcher
from tests.support.postgres import fresh_database
from tests.support.storm.referral_stage import REFERRING, ReferralCast, casework_databases, running_referral_stage
from tests.support.storm.referrals import add_mailbox
from tests.support.storm.step_kills import Kill, Runs

pytestmark = pytest.mark.asyncio(loop_scope="session")

DRESDEN, LEIPZIG = REFERRING
KILLS = (
    Kill("Submitted", "referral-dresden", DRESDEN),
    Kill("Submitted", "hub", LEIPZIG),
    Kill("Delivered", "notify-leipzig", DRESDEN),
    Kill("AcceptReferral", "referral-leipzig", DRESDEN),
    Kill("AcceptReferral", "broker-dresden", LEIPZIG),
)


async def test_a_kill_between_two_steps_loses_and_doubles_nothing(postgres_url: str, tmp_path: Path) -> None:
    made = await casework_databases(lambda: fresh_database(postgres_url))
    databases = {name: url for name, url in made.items() if name.startswith(f"{LEIPZIG}/")}
    async with running_catcher() as catcher:
        catcher.messages = deque()
        async with running_referral_stage(ReferralCast(tmp_path, databases, catcher.port)) as stage:
            for region in REFERRING:
                await add_mailbox(stage, region)
            runs = Runs(stage, catcher.messages, [])
            for kill in KILLS:
                await runs.play(kill)
            assert await runs.findings() == []
