"""Staff of both sides: they take one referral its way and repeat, under the same request_id, what had no answer."""

import asyncio
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from lotse.referral.v1 import case_pb2, case_requests_pb2, referral_requests_pb2
from lotse.referral.v1 import referral_pb2 as r
from services.common.names import RegionId
from services.common.rpc.client import RpcError
from tests.support.storm.editors import DEFINITE
from tests.support.storm.referral_plans import Plan, TakesBack, consent

POLL_SECONDS, LONGEST_POLL_SECONDS = 0.3, 3.0
"""Between two looks at a referral: the longer it stands, the rarer, or those who wait would keep nodes from working."""
PATIENCE_SECONDS = 120.0
"""How long somebody waits in calm for an answer, or without seeing a referral move, before it counts as stuck."""
ENDED = frozenset({r.REFERRAL_STATE_COMPLETED, r.REFERRAL_STATE_DECLINED, r.REFERRAL_STATE_WITHDRAWN})
PROVISIONAL_VERSION = 3
"""Of a withdrawal before delivery: the source's own word, in whose place the target's entries come."""
CLOSED = r.REFERRAL_STATE_CLOSED
OVERTAKEN = frozenset({"VERSION_CONFLICT", "STATE_NOT_ALLOWED"})
"""What staff hears when the other side was faster; anything else would be a defect, ours or theirs."""
_FIELDS: dict[str, dict[str, Any]] = {
    "CompleteReferral": {"outcome_code": r.OUTCOME_CODE_SOLVED},
    "DeclineReferral": {"reason": r.DECLINE_REASON_NO_CAPACITY},
}
_MODULES = (case_requests_pb2, referral_requests_pb2)


@dataclass
class Record:
    """What staff did with one referral and what it was told."""

    plan: Plan
    id: str = ""
    acked: list[tuple[int, int]] = field(default_factory=list)
    """(version, state) that the target's own answers named."""
    asked_back: bool = False
    """A withdrawal or revocation was acknowledged."""
    conflicts: int = 0
    tries: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def name(self, region: RegionId) -> str:
        """Name the referral as a region does."""
        return f"regions/{region}/referrals/{self.id}"


@dataclass
class Weather:
    """Whether anybody is being killed; what waits then is late, not stuck."""

    killing: bool = False


class Patience:
    """Ends some time after the last sign of life, and never while there are kills."""

    def __init__(self, weather: Weather) -> None:
        self._weather = weather
        self.renew()

    def renew(self) -> None:
        """Begin anew."""
        self._ends = time.monotonic() + PATIENCE_SECONDS

    @property
    def is_over(self) -> bool:
        """True after it has ended."""
        if self._weather.killing:
            self.renew()
        return time.monotonic() > self._ends


class Console:
    """One side's console: writes are asked until they are answered."""

    def __init__(
        self, stub: Any, region: RegionId, record: Record, draw: random.Random, weather: Weather | None = None
    ) -> None:
        self._stub = stub
        self._weather = weather or Weather()
        self.region = region
        self.record = record
        self.draw = draw

    async def ask(self, method: str, **fields: Any) -> Any:
        """Write once, however often it must be asked; raises RpcError for what was definitely not done."""
        request_id = str(uuid.UUID(int=self.draw.getrandbits(128), version=4))
        return await self._call(method, request_id=request_id, **fields)

    async def seen(self) -> r.Referral | None:
        """Read the referral as this side knows it; None when it does not."""
        try:
            answer = await self._call("GetReferral", name=self.record.name(self.region))
        except RpcError as error:
            if error.reason != "RESOURCE_NOT_FOUND":
                raise
            return None
        found: r.Referral = answer.referral
        return found

    async def until(self, *states: int, conflict: bool = False) -> r.Referral:
        """Wait until this side shows one of the states, or a refused wish if asked for."""
        patience, version, pause = Patience(self._weather), -1, POLL_SECONDS
        while not patience.is_over:
            known = await self.seen()
            if known is not None and known.version != version:
                # In a large storm many wait their turn: what moves is not stuck.
                patience.renew()
                version, pause = known.version, POLL_SECONDS
            if known is not None and (known.state in states or (conflict and known.conflict)):
                return known
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, LONGEST_POLL_SECONDS)
        raise AssertionError(f"{self.record.plan} is {known} at {self.region}")

    async def until_person(self) -> r.Referral:
        """Wait until this side shows who it is."""
        patience = Patience(self._weather)
        while not patience.is_over:
            known = await self.seen()
            if known is not None and known.person.name:
                return known
            await asyncio.sleep(POLL_SECONDS)
        raise AssertionError(f"no person of {self.record.plan} at {self.region}")

    async def pause(self) -> None:
        """Think."""
        await asyncio.sleep(self.draw.uniform(0, 0.5))

    async def read(self, method: str, **fields: Any) -> Any:
        """Read."""
        return await self._call(method, **fields)

    async def _call(self, method: str, **fields: Any) -> Any:
        kind = next(getattr(module, f"{method}Request") for module in _MODULES if hasattr(module, f"{method}Request"))
        request, patience = kind(**fields), Patience(self._weather)
        while True:
            self.record.tries[method] += 1
            try:
                return await getattr(self._stub, method)(request)
            except RpcError as error:
                if error.code in DEFINITE or patience.is_over:
                    raise
            await asyncio.sleep(0.1)


async def walk(plan: Plan, stubs: dict[RegionId, Any], weather: Weather) -> Record:
    """Take one referral its whole way, both sides at once."""
    record, draw = Record(plan), random.Random(plan.seed)
    source = Console(stubs[plan.source], plan.source, record, random.Random(draw.getrandbits(64)), weather)
    target = Console(stubs[plan.target], plan.target, record, random.Random(draw.getrandbits(64)), weather)
    await _send(source, plan)
    async with asyncio.TaskGroup() as sides:
        sides.create_task(_help(target, plan))
        sides.create_task(_follow(source, plan))
    return record


async def _send(console: Console, plan: Plan) -> None:
    parent = f"regions/{plan.source}"
    case = (await console.ask("CreateCase", parent=parent, case=plan.case())).case
    if plan.named:
        await console.ask("GrantConsent", name=case.name, consent=consent())
    offer = f"regions/{plan.target}/offers/anerkennung"
    draft = (await console.ask("CreateReferral", parent=parent, case=case.name, offer=offer)).referral
    console.record.id = draft.name.rpartition("/")[2]
    await console.ask("SubmitReferral", name=draft.name, expected_version=draft.version)


async def _help(console: Console, plan: Plan) -> None:
    """Do what the target intends, until the referral has ended."""
    await console.until(*range(r.REFERRAL_STATE_DELIVERED, CLOSED + 1))
    for method in plan.steps:
        await console.pause()
        if not await _step(console, method):
            return


async def _step(console: Console, method: str) -> bool:
    """Take a step at the version that is known; False when the source has ended it meanwhile."""
    fields = _FIELDS.get(method, {})
    while (known := await console.seen()) is not None and known.state not in ENDED | {CLOSED}:
        try:
            after = (await console.ask(method, name=known.name, expected_version=known.version, **fields)).referral
        except RpcError as error:
            _note(console.record, error)
        else:
            console.record.acked.append((after.version, after.state))
            return True
    return False


async def _follow(console: Console, plan: Plan) -> None:
    """Do what the source intends, and close the referral."""
    if plan.takes_back in {TakesBack.WITHDRAWS, TakesBack.REVOKES}:
        await _take_back(console, plan)
    closed = await _close(console)
    if plan.takes_back is TakesBack.ERASES:
        case = (await console.read("GetCase", name=closed.case)).case
        await console.ask("EraseCase", name=case.name, etag=case.etag)
        console.record.asked_back = True


async def _take_back(console: Console, plan: Plan) -> None:
    record = console.record
    seen = await console.until(*range(plan.takes_back_at, CLOSED + 1))
    await console.pause()
    if plan.takes_back is TakesBack.REVOKES:
        answer = await console.ask("RevokeConsent", name=seen.case, channel=case_pb2.CONSENT_CHANNEL_PHONE)
        record.asked_back, wished = True, bool(answer.withdrawn_referrals)
        after = await console.seen()
    else:
        after = await _withdraw(console)
        record.asked_back = wished = after is not None
    if wished and after is not None:
        while True:
            known = await console.until(r.REFERRAL_STATE_WITHDRAWN, CLOSED, conflict=True)
            if known.conflict or known.version > PROVISIONAL_VERSION:
                break
            await asyncio.sleep(POLL_SECONDS)
        record.conflicts += bool(known.conflict)


async def _withdraw(console: Console) -> r.Referral | None:
    """Withdraw; None when it had ended already."""
    while (known := await console.seen()) is not None and known.state not in ENDED:
        try:
            return (  # type: ignore[no-any-return]  # requests are found by name
                await console.ask("WithdrawReferral", name=known.name, expected_version=known.version, reason="other")
            ).referral
        except RpcError as error:
            _note(console.record, error)
    return None


async def _close(console: Console) -> r.Referral:
    """See the end and close it; what is refused because an answer is on its way is asked again."""
    while (known := await console.until(*ENDED, CLOSED)).state != CLOSED:
        try:
            await console.ask("CloseReferral", name=known.name, expected_version=known.version)
        except RpcError as error:
            _note(console.record, error)
            await asyncio.sleep(POLL_SECONDS)
        else:
            return await console.until(CLOSED)
    return known


def _note(record: Record, error: RpcError) -> None:
    """Note that the other side was faster; anything else is raised."""
    if error.reason not in OVERTAKEN:
        raise error
    record.refused[error.reason] += 1
