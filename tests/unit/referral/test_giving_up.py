"""A request that nobody answers is given up; a target that was there after all makes both sides agree again."""

from datetime import timedelta
from typing import Any

import pytest

from services.common.names import parse_name
from services.referral.domain.values import State
from services.referral.handlers import sending
from services.referral.handlers.cases import create_case
from services.referral.handlers.proving import prove_path
from services.referral.handlers.settling import send_again
from services.referral.handlers.withdrawing import withdraw_referral
from services.referral.ports import Delivery, Work
from tests.unit.referral.nodes import DRAFT, DRESDEN, LEIPZIG, OFFER, Post, TestNode

pytestmark = pytest.mark.asyncio(loop_scope="session")
MONTH = timedelta(days=30)


async def submitted(post: Post) -> str:
    async def begin(work: Any) -> str:
        case = await create_case(work, DRAFT, None)
        referral = await sending.create_referral(work, case.id, parse_name(OFFER, "offers"), ())
        return (await sending.submit_referral(work, referral.id, 1, None)).id

    referral_id = await post.source.run(begin)
    post.collect()
    return referral_id


async def month_passes(node: TestNode) -> None:
    async def resend(work: Work) -> None:
        for letter in await work.store.due(work.moment, 100):
            await send_again(work, letter, MONTH)

    node.moment += MONTH
    await node.run(resend, "system")


async def letters_of(node: TestNode, referral_id: str) -> list[Delivery]:
    async with node.store.transaction() as store:
        found = [await store.outgoing(referral_id, number) for number in (1, 2)]
    return [letter.delivery for letter in found if letter is not None]


async def test_a_target_whose_answers_were_all_lost_is_told_to_withdraw() -> None:
    post = Post()
    referral_id = await submitted(post)
    (request,) = post.waiting
    await post.target.take(request)
    post.collect()
    post.waiting.clear()  # its receipt and its first event are lost
    for _ in range(2):
        await month_passes(post.source)  # gives the request up, then the withdrawal that followed it
        post.collect()
        post.waiting.clear()
    assert await letters_of(post.source, referral_id) == [Delivery.GIVEN_UP, Delivery.GIVEN_UP]
    source = await post.source.referral(referral_id)
    assert source is not None
    assert source.state is State.UNDELIVERABLE
    await month_passes(post.target)  # tells its event again, for as long as it takes
    await post.deliver_all()
    await month_passes(post.source)
    await post.deliver_all()
    logs = [await node.log(referral_id) for node in post.nodes.values()]
    assert [line.entry.state for line in logs[0]][2:] == [State.DELIVERED, State.WITHDRAWN]
    assert [line.signed for line in logs[0]] == [line.signed for line in logs[1]]
    async with post.source.store.reading() as store:
        assert (await prove_path(store, post.source.desk.scribe, referral_id)).problems == ()


async def test_a_target_that_never_heard_of_it_is_left_in_peace() -> None:
    post = Post()
    referral_id = await submitted(post)
    for _ in range(3):
        post.waiting.clear()
        await month_passes(post.source)
        post.collect()
    assert await letters_of(post.source, referral_id) == [Delivery.GIVEN_UP, Delivery.GIVEN_UP]
    assert post.waiting == []
    assert await post.target.referral(referral_id) is None


async def test_what_an_answering_source_sends_is_never_given_up() -> None:
    post = Post()
    referral_id = await submitted(post)
    await post.deliver_all()
    await post.source.run(lambda work: _withdraw(work, referral_id))
    for _ in range(4):
        post.collect()
        post.waiting.clear()  # the target is away for months
        await month_passes(post.source)
    await post.deliver_all()
    states = [(await post.nodes[region].referral(referral_id)) for region in (DRESDEN, LEIPZIG)]
    assert [one.state for one in states if one] == [State.WITHDRAWN, State.WITHDRAWN]


async def _withdraw(work: Work, referral_id: str) -> Any:
    return await withdraw_referral(work, referral_id, 3, "other")
