"""Two nodes with mail repeated, reordered, delayed and lost: no forbidden state, one winner, equal logs at the end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.common.errors import LotseError
from services.common.names import RegionId, parse_name
from services.referral.domain.letters import RELEASE_NUMBER
from services.referral.domain.log import canonical, chain_problems, head_of
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import HOLDS_PERSON, Action, is_legal
from services.referral.domain.values import ConsentChannel, DeclineReason, OutcomeCode, Side, State
from services.referral.handlers import deciding, sending
from services.referral.handlers.cases import create_case
from services.referral.handlers.consent import grant_consent, revoke_consent
from services.referral.handlers.proving import prove_path
from services.referral.handlers.settling import send_again
from services.referral.handlers.withdrawing import withdraw_referral
from services.referral.ports import Owner, Work
from tests.unit.referral.nodes import CONSENT, DRAFT, DRESDEN, LEIPZIG, OFFER, PERSON, Post, TestNode

_MONTH = timedelta(days=30)
_REASONS = st.sampled_from(["solved-otherwise", "mistake", "other", "consent-revoked"])


class TwoNodes(RuleBasedStateMachine):
    """What people, mail and time can do to one referral."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.post = Post()
        self.id = ""
        self.revoked = False

    def teardown(self) -> None:
        try:
            if self.id:
                self.settle()
        finally:
            self.loop.close()

    def wait(self, work: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(_as_coroutine(work))

    def do(self, node: TestNode, effect: Callable[[Work, int], Awaitable[Any]]) -> None:
        """Have somebody take a step at the version that stands on the screen; a refusal is an answer too."""
        known = self.wait(node.referral(self.id))
        if known is None:
            return
        with suppress(LotseError):
            self.wait(node.run(lambda work: effect(work, known.version)))
        self.post.collect()

    @initialize(submitted=st.booleans(), delivered=st.booleans(), accepted=st.booleans())
    def prepare(self, submitted: bool, delivered: bool, accepted: bool) -> None:
        """Begin anywhere on the way: from a draft alone most walks would never come far."""

        async def begin(work: Work) -> Referral:
            case = await create_case(work, DRAFT, PERSON)
            await grant_consent(work, case.id, CONSENT)
            return await sending.create_referral(work, case.id, parse_name(OFFER, "offers"), ())

        self.id = self.wait(self.post.source.run(begin)).id
        if submitted or delivered or accepted:
            self.submit()
        if delivered or accepted:
            self.deliver_everything()
        if accepted:
            self.accept()

    @rule()
    def submit(self) -> None:
        self.do(self.post.source, lambda work, version: sending.submit_referral(work, self.id, version, None))

    @rule(action=st.sampled_from([Action.START_REVIEW, Action.START_SERVICE, Action.COMPLETE]))
    def act(self, action: Action) -> None:
        outcome = OutcomeCode.SOLVED if action is Action.COMPLETE else OutcomeCode.UNSPECIFIED
        self.do(
            self.post.target,
            lambda work, version: deciding.act(work, self.id, version, action, outcome_code=outcome),
        )

    @rule()
    def accept(self) -> None:
        self.do(self.post.target, lambda work, version: deciding.accept(work, self.id, version, ()))

    @rule()
    def decline(self) -> None:
        reason = DeclineReason.NO_CAPACITY
        self.do(self.post.target, lambda work, version: deciding.decline(work, self.id, version, reason, ""))

    @rule(reason=_REASONS)
    def withdraw(self, reason: str) -> None:
        self.do(self.post.source, lambda work, version: withdraw_referral(work, self.id, version, reason))

    @rule()
    def close(self) -> None:
        self.do(self.post.source, lambda work, version: sending.close_referral(work, self.id, version))

    @rule()
    def revoke(self) -> None:
        known = self.wait(self.post.source.referral(self.id))
        with suppress(LotseError):
            self.wait(self.post.source.run(lambda work: revoke_consent(work, known.case_id, ConsentChannel.PHONE)))
            self.revoked = True
        self.post.collect()

    @precondition(lambda self: self.post.waiting)
    @rule(data=st.data(), again=st.booleans())
    def deliver(self, data: st.DataObject, again: bool) -> None:
        """Deliver any message that waits, perhaps leaving it there to come once more."""
        place = data.draw(st.integers(0, len(self.post.waiting) - 1))
        mail = self.post.waiting[place] if again else self.post.waiting.pop(place)
        assert self.wait(self.post.nodes[RegionId(mail.to)].take(mail)), "honest mail was refused"
        self.post.collect()

    @precondition(lambda self: self.post.waiting)
    @rule()
    def deliver_everything(self) -> None:
        self.wait(self.post.deliver_all())

    @precondition(lambda self: self.post.waiting)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        self.post.waiting.pop(data.draw(st.integers(0, len(self.post.waiting) - 1)))

    @rule(region=st.sampled_from([DRESDEN, LEIPZIG]), pause=st.sampled_from([timedelta(hours=12), _MONTH]))
    def time_passes(self, region: RegionId, pause: timedelta) -> None:
        node = self.post.nodes[region]
        node.moment += pause
        self.wait(node.run(lambda work: _resend(work, _MONTH), "system"))
        self.post.collect()

    @invariant()
    def nothing_forbidden_stands_anywhere(self) -> None:
        if not self.id:
            return
        for node in self.post.nodes.values():
            lines = self.wait(node.log(self.id))
            known = self.wait(node.referral(self.id))
            assert list(chain_problems(canonical(lines), self.id, DRESDEN, LEIPZIG)) == []
            for before, after in pairwise(lines):
                side = Side.SOURCE if after.entry.author_region == DRESDEN else Side.TARGET
                assert is_legal(side, after.entry.author_role, before.entry.state, after.entry.state)
            if lines:
                assert (known.state, known.version) == (lines[-1].entry.state, len(lines))
        source, target = (canonical(self.wait(node.log(self.id))) for node in self.post.nodes.values())
        common = min(len(source), len(target))
        assert [line.signed for line in source[:common]] == [line.signed for line in target[:common]]

    @invariant()
    def the_person_is_only_where_it_may_be(self) -> None:
        if not self.id:
            return
        there = self.wait(self.post.target.referral(self.id))
        person = self.wait(_person(self.post.target, Owner("referral", self.id)))
        if person is not None:
            assert there is not None
            assert not there.person_barred
            assert there.state in HOLDS_PERSON | {State.CLOSED}

    @invariant()
    def nothing_is_sent_of_a_person_that_was_asked_back(self) -> None:
        known = self.wait(self.post.source.referral(self.id)) if self.id else None
        if known is None or not known.person_barred:
            return
        letter = self.wait(_letter(self.post.source, self.id, RELEASE_NUMBER))
        assert letter is None or not letter.body
        assert not any(mail.record.record_id == f"ref-{self.id}-0" and mail.record.body for mail in self.post.waiting)

    def settle(self) -> None:
        """Let everything be sent again until nothing waits: then both sides must agree."""
        for _ in range(4):
            self.wait(self.post.deliver_all())
            for node in self.post.nodes.values():
                node.moment += timedelta(hours=12)
                self.wait(node.run(lambda work: _resend(work, timedelta(days=36500)), "system"))
        self.wait(self.post.deliver_all())
        source, target = (self.wait(node.referral(self.id)) for node in self.post.nodes.values())
        lines = {region: self.wait(node.log(self.id)) for region, node in self.post.nodes.items()}
        if target is None:
            # A request that was given up and lost: the target never heard of it, and the source says so.
            assert source.state in {State.DRAFT, State.WITHDRAWN, State.UNDELIVERABLE, State.CLOSED}
            return
        assert [line.signed for line in lines[DRESDEN]] == [line.signed for line in lines[LEIPZIG]]
        assert not any(line.provisional for line in lines[DRESDEN])
        assert head_of(lines[DRESDEN]).version == source.version == target.version
        for node in self.post.nodes.values():
            assert self.wait(_proof(node, self.id)).problems == ()
        if source.state is State.WITHDRAWN or self.revoked:
            assert self.wait(_person(self.post.target, Owner("referral", self.id))) is None
        if source.wish is not None:
            raise AssertionError("a wish was never answered")


async def _as_coroutine(work: Awaitable[Any]) -> Any:
    return await work


async def _resend(work: Work, give_up_after: timedelta) -> None:
    for letter in await work.store.due(work.moment, 100):
        await send_again(work, letter, give_up_after)


async def _person(node: TestNode, owner: Owner) -> object:
    async with node.store.reading() as store:
        return await store.person(owner)


async def _letter(node: TestNode, referral_id: str, number: int) -> Any:
    async with node.store.transaction() as store:
        return await store.outgoing(referral_id, number)


async def _proof(node: TestNode, referral_id: str) -> Any:
    async with node.store.reading() as store:
        return await prove_path(store, node.desk.scribe, referral_id)


TestTwoNodes = TwoNodes.TestCase
TestTwoNodes.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
