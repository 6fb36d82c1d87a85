"""Kills one process between two steps of one referral: each process, each pair of steps, in order and not at random."""

import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from lotse.notify.v1 import notify_pb2 as n
from lotse.referral.v1 import referral_pb2 as r
from lotse.referral.v1.referral_service_pb2_grpc import ReferralServiceStub
from services.common.names import RegionId
from services.notify.catching import CaughtMail
from services.notify.domain.steps import number_of
from tests.support.storm.referral_checker import check, leaks
from tests.support.storm.referral_evidence import Evidence, become_quiet, evidence_of
from tests.support.storm.referral_plans import CANARY, HELP, Plan, TakesBack, consent
from tests.support.storm.referral_stage import REFERRING, ReferralStage
from tests.support.storm.referral_walks import CLOSED, Console, Record

BOUNDARIES = ("TakenIn", "Drafted", "Submitted", "Delivered", *HELP[:2], "Released", *HELP[2:], "Seen", "Closed")
"""The step that was just done, as its caller knows; what follows from it may be anywhere on its way."""
MAILS = 13
"""Of a referral that comes to its good end, one recipient a side: 7 at the source, 6 at the target."""

After = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kill:
    """Which process is killed behind which step of a referral from `source` to the other region."""

    boundary: str
    part: str
    source: RegionId


@dataclass
class Runs:
    """All runs on one stage, so that its books can be compared as a whole."""

    stage: ReferralStage
    caught: Sequence[CaughtMail]
    records: list[Record]

    async def play(self, kill: Kill) -> Record:
        """Take one referral its whole way; raises AssertionError when it gets stuck or nothing was killed."""
        await self.stage.healed()
        part, killed = self.stage.parts[kill.part], Counter[str]()

        async def after(boundary: str) -> None:
            if boundary == kill.boundary:
                killed[boundary] += await part.end()

        plan = _plan(len(self.records), kill.source)
        record = Record(plan)
        self.records.append(record)
        async with AsyncExitStack() as stack:
            source, target = [await self._console(stack, record, region) for region in (plan.source, plan.target)]
            await _whole_way(source, target, plan, after)
        assert killed.total() == 1, f"{kill} was not killed"
        return record

    async def _console(self, stack: AsyncExitStack, record: Record, region: RegionId) -> Console:
        channel = await stack.enter_async_context(self.stage.referral(region).channel())
        return Console(ReferralServiceStub(channel), region, record, random.Random(f"{record.plan.seed} {region}"))

    async def findings(self) -> list[str]:
        """Give every broken promise so far, when all is quiet."""
        await become_quiet(self.stage, self.records)
        evidence = await evidence_of(self.stage, self.records)
        found = check(self.records, evidence, self.caught)
        found += [f"leak: {name}" for name in leaks(self.stage.casework.base)]
        return found + _mails(self.records, evidence, self.caught)


async def _whole_way(source: Console, target: Console, plan: Plan, after: After) -> None:
    """Take every step once it can be taken, and say after each that it was answered."""
    parent = f"regions/{source.region}"
    case = (await source.ask("CreateCase", parent=parent, case=plan.case())).case
    await source.ask("GrantConsent", name=case.name, consent=consent())
    await after("TakenIn")
    offer = f"regions/{target.region}/offers/anerkennung"
    draft = (await source.ask("CreateReferral", parent=parent, case=case.name, offer=offer)).referral
    source.record.id = draft.name.rpartition("/")[2]
    await after("Drafted")
    await source.ask("SubmitReferral", name=draft.name, expected_version=draft.version)
    await after("Submitted")
    known = await target.until(r.REFERRAL_STATE_DELIVERED)
    await after("Delivered")
    for method in plan.steps:
        fields = {"outcome_code": r.OUTCOME_CODE_SOLVED} if method == "CompleteReferral" else {}
        known = await _step(target, method, known, **fields)
        await after(method)
        if method == "AcceptReferral":
            await target.until_person()
            await after("Released")
    known = await source.until(r.REFERRAL_STATE_COMPLETED)
    await after("Seen")
    await source.ask("CloseReferral", name=known.name, expected_version=known.version)
    await after("Closed")
    await source.until(CLOSED)
    await target.until(CLOSED)


async def _step(console: Console, method: str, known: r.Referral, **fields: Any) -> r.Referral:
    answer = await console.ask(method, name=known.name, expected_version=known.version, **fields)
    after: r.Referral = answer.referral
    console.record.acked.append((after.version, after.state))
    return after


def _plan(number: int, source: RegionId) -> Plan:
    (target,) = (region for region in REFERRING if region != source)
    return Plan(
        number=number,
        source=source,
        target=target,
        named=True,
        steps=HELP,
        takes_back=TakesBack.NOTHING,
        takes_back_at=0,
        canary=f"{CANARY}{number:012x}",
        seed=number,
    )


def _mails(records: Iterable[Record], evidence: Evidence, caught: Iterable[CaughtMail]) -> list[str]:
    """Expect each mail exactly once; one that notify had just handed over when it was killed is known as unclear."""
    numbers = Counter(found for mail in caught for found in re.findall(r"R-[0-9A-F]{8}", mail.subject))
    states = Counter(
        each.state for found in evidence.deliveries.values() for each in found if each.channel == n.CHANNEL_MAIL
    )
    wanted = {number_of(record.name(record.plan.source)): MAILS for record in records}
    unclear = states[n.DELIVERY_STATE_UNKNOWN]
    missing = sum(max(0, count - numbers[number]) for number, count in wanted.items())
    if states.total() != MAILS * len(wanted) or missing > unclear or Counter(numbers) - Counter(wanted):
        return [f"lost or double: mails {dict(numbers)}, {unclear} unclear, {states.total()} in the books"]
    return []
