"""One storm: two regions refer to each other while everything is killed; then all heals and both sides are compared."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from lotse.notify.v1 import notify_pb2, notify_service_pb2
from lotse.notify.v1.notify_service_pb2_grpc import NotifyServiceStub
from lotse.referral.v1.referral_service_pb2_grpc import ReferralServiceStub
from services.common.names import RegionId
from services.notify.catching import Catcher
from tests.support.storm.referral_checker import check, leaks
from tests.support.storm.referral_evidence import become_quiet, evidence_of
from tests.support.storm.referral_plans import Plan, draw_plans
from tests.support.storm.referral_stage import REFERRING, ReferralStage
from tests.support.storm.referral_walks import Record, Weather, walk
from tests.support.storm.report import table

LEAST_AT_ONCE, SHARE_AT_ONCE = 10, 0.1
"""Referrals under way at the same time: a tenth of a large storm's."""
PAUSE_SECONDS = (0.6, 2.4)
"""Between two kills."""
LEAST_ROUNDS = 2
REFERRALS_PER_ROUND = 20
"""Of a larger storm; the work that is left when its rounds are over ends in calm."""
CALM_SECONDS = (2.0, 5.0)
"""With everything up, between two rounds of kills: by then a loaded machine has got something done."""


@dataclass(frozen=True, slots=True)
class ReferralReport:
    """One storm: what was done, who was killed, how long it took, what was found."""

    seed: int
    records: Sequence[Record]
    killed: Counter[str]
    mails: int
    storm_seconds: float
    heal_seconds: float
    findings: Sequence[str]

    def lines(self) -> list[str]:
        """Tell it in a table of one row, and who was killed."""
        writes = sum((record.tries for record in self.records), Counter[str]())
        ways = Counter(str(record.plan.takes_back) for record in self.records)
        columns = {
            "seed": self.seed,
            "referrals": len(self.records),
            "calls": writes.total(),
            "overtaken": sum(record.refused.total() for record in self.records),
            "conflicts": sum(record.conflicts for record in self.records),
            "kills": self.killed.total(),
            "mails": self.mails,
            "findings": len(self.findings),
            "storm s": round(self.storm_seconds, 1),
            "heal s": round(self.heal_seconds, 1),
        }
        killed = ", ".join(f"{part} {count}" for part, count in sorted(self.killed.items()))
        return [*table([columns]), f"source {dict(ways)}; killed: {killed or 'nobody'}"]


async def run_referral_storm(
    stage: ReferralStage, catcher: Catcher, seed: int, count: int, *, kills: bool = True
) -> ReferralReport:
    """Play one storm. Raises AssertionError when it gets stuck or does not become quiet."""
    draw = random.Random(seed)
    plans, killing = draw_plans(draw, count), random.Random(draw.getrandbits(64))
    for region in REFERRING:
        await add_mailbox(stage, region)
    started, weather = time.perf_counter(), Weather(killing=kills)
    working = asyncio.create_task(_walk_all(stage, plans, weather))
    killed = Counter[str]()
    try:
        if kills:
            killed = await _kill_until(working, stage, killing, max(LEAST_ROUNDS, count // REFERRALS_PER_ROUND))
            weather.killing = False
        records = await working
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    healing = time.perf_counter()
    await become_quiet(stage, records)
    ended = time.perf_counter()
    findings = check(records, await evidence_of(stage, records), catcher.messages)
    findings += [f"leak: {name}" for name in leaks(_folder(stage))]
    return ReferralReport(seed, records, killed, len(catcher.messages), healing - started, ended - healing, findings)


async def _walk_all(stage: ReferralStage, plans: Sequence[Plan], weather: Weather) -> list[Record]:
    places = asyncio.Semaphore(max(LEAST_AT_ONCE, round(len(plans) * SHARE_AT_ONCE)))
    async with AsyncExitStack() as stack:
        stubs = {
            region: ReferralServiceStub(await stack.enter_async_context(stage.referral(region).channel()))
            for region in REFERRING
        }

        async def one(plan: Plan) -> Record:
            async with places:
                return await walk(plan, stubs, weather)

        async with asyncio.TaskGroup() as walks:
            tasks = [walks.create_task(one(plan)) for plan in plans]
        return [task.result() for task in tasks]


async def _kill_until(
    working: "asyncio.Task[list[Record]]", stage: ReferralStage, draw: random.Random, rounds: int
) -> Counter[str]:
    """Kill every part in turn, in a new order each time round, until the work is done; at least one whole round."""
    killed = Counter[str]()
    for turn in range(rounds):
        if turn and working.done():
            break
        if working.done() and working.exception() is not None:
            break
        victims = sorted(stage.parts)
        draw.shuffle(victims)
        for victim in victims:
            await asyncio.sleep(draw.uniform(*PAUSE_SECONDS))
            killed[victim] += await stage.parts[victim].end()
            if working.done() and len(killed) == len(stage.parts):
                break
        # A service that takes longer to start than to be killed again would show nothing.
        await stage.healed()
        await asyncio.sleep(draw.uniform(*CALM_SECONDS))
    return killed


async def add_mailbox(stage: ReferralStage, region: RegionId) -> None:
    """Have one desk of the region told by inbox and mail, beside the staff's inbox that the service makes itself."""
    async with stage.notify(region, "operator").channel() as channel:
        await NotifyServiceStub(channel).CreateRecipient(
            notify_service_pb2.CreateRecipientRequest(
                parent=f"regions/{region}",
                recipient_id="desk",
                recipient=notify_pb2.Recipient(
                    display_name="Erstberatung",
                    language_code="de",
                    email=f"desk@{region}.example",
                    channels=[notify_pb2.CHANNEL_INBOX, notify_pb2.CHANNEL_MAIL],
                ),
            )
        )


def _folder(stage: ReferralStage) -> Path:
    """Give the folder of everything that anybody stores in files: streams, SQLite databases, logs."""
    return stage.casework.base
