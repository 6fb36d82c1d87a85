"""What every store of the referral service does alike."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.common.errors import ChooseAnother
from services.referral.convert.entries import entry_bytes
from services.referral.domain.case import erased
from services.referral.domain.log import Entry, LogLine, SignedEntry
from services.referral.domain.referral import Prerequisite, Referral, Wish, WishKind
from services.referral.domain.values import DeclineReason, Fact, Preview, Side, State
from services.referral.ports import (
    Asked,
    Delivery,
    Incoming,
    MailKind,
    Outgoing,
    Owner,
    Position,
    ReferralQuery,
)
from tests.contract.referral.conftest import EPOCH, Bench
from tests.unit.referral.nodes import CONSENT, DRAFT, NOON, OFFER, PERSON, signer

pytestmark = pytest.mark.asyncio(loop_scope="session")

ID = "0b6f3a5e-6f0c-4c53-9a86-3d0a6d8f7f10"
MINUTE = timedelta(minutes=1)
CASE = replace(DRAFT, id=ID, revision=1, facts=(Fact("recognition", "started"),), consent=CONSENT)
REFERRAL = Referral(
    id=ID,
    side=Side.SOURCE,
    source_region="dresden",
    target_region="leipzig",
    offer=OFFER,
    create_time=NOON,
    update_time=NOON,
    case_id=ID,
    state=State.SUBMITTED,
    version=2,
    preview=Preview(topics=("recognition",), facts=(Fact("recognition", "started"),), person_follows=True),
    prerequisites=(Prerequisite("recognition", "started", True),),
    decline_reason=DeclineReason.NO_CAPACITY,
    peer_version=3,
    peer_hash=bytes(range(32)),
    wish=Wish(WishKind.WITHDRAW, 2, "mistake"),
)
LETTER = Outgoing(ID, 1, "leipzig", b"sealed", bytes(32), NOON, NOON + MINUTE)
OWNER = Owner("case", ID)


def other(number: int) -> str:
    return f"{ID[:-1]}{number}"


def line(version: int, *, provisional: bool = False) -> LogLine:
    entry = Entry(ID, version, b"" if version == 1 else bytes(32), "dresden", "counsellor", State.DRAFT, NOON)
    content = entry_bytes(entry)
    return LogLine(entry, SignedEntry(content, signer(11).key_id, signer(11).sign(content)), NOON, provisional)


async def test_what_was_put_is_read_back_whole(bench: Bench) -> None:
    async with bench.store.transaction() as store:
        await store.put_case(CASE)
        await store.put_referral(REFERRAL)
        await store.put_person(OWNER, PERSON)
        for version in (1, 2):
            await store.append(line(version))
        await store.put_outgoing(LETTER)
    async with bench.store.reading() as store:
        assert await store.case(ID) == CASE
        assert await store.referral(ID) == REFERRAL
        assert await store.person(OWNER) == PERSON
        assert await store.log(ID) == [line(1), line(2)]
        assert await store.case(other(1)) is None
        assert await store.referral(other(1)) is None
        assert await store.person(Owner("referral", ID)) is None
    async with bench.store.transaction() as store:
        assert await store.outgoing(ID, 1) == LETTER
        assert await store.outgoing(ID, 2) is None


async def test_a_change_that_breaks_off_leaves_nothing(bench: Bench) -> None:
    async def broken_off() -> None:
        async with bench.store.transaction() as store:
            await store.put_case(CASE)
            await store.send(MailKind.LETTER, "leipzig", ID, 1, b"x", NOON)
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await broken_off()
    async with bench.store.reading() as store:
        assert await store.case(ID) is None
    assert await bench.sent("hub") == []


async def test_erasing_takes_the_person_and_the_text_for_good(bench: Bench) -> None:
    async with bench.store.transaction() as store:
        await store.put_case(CASE)
        await store.put_person(OWNER, PERSON)
    async with bench.store.transaction() as store:
        await store.erase(OWNER)
        assert await store.person(OWNER) is None
        await store.put_case(erased(CASE, NOON + MINUTE))
    async with bench.store.reading() as store:
        stub = await store.case(ID)
        assert stub is not None
        assert (stub.intake_text, stub.revision) == ("", 2)
        assert await store.person(OWNER) is None


async def test_forgetting_a_person_keeps_the_text(bench: Bench) -> None:
    async with bench.store.transaction() as store:
        await store.put_case(CASE)
        await store.put_person(OWNER, PERSON)
        await store.forget_person(OWNER)
    async with bench.store.reading() as store:
        assert await store.person(OWNER) is None
        assert await store.case(ID) == CASE


async def test_only_provisional_entries_are_dropped(bench: Bench) -> None:
    async with bench.store.transaction() as store:
        for version in (1, 2):
            await store.append(line(version))
        await store.append(line(3, provisional=True))
        await store.drop_provisional(ID)
        await store.append(line(3))
    async with bench.store.reading() as store:
        assert [one.provisional for one in await store.log(ID)] == [False] * 3


async def test_lists_run_newest_first_and_go_on_behind_a_position(bench: Bench) -> None:
    async with bench.store.transaction() as store:
        for number in range(4):
            moment = NOON + MINUTE * (number // 2)
            await store.put_case(replace(CASE, id=other(number), create_time=moment))
            side = Side.SOURCE if number < 3 else Side.TARGET
            await store.put_referral(replace(REFERRAL, id=other(number), create_time=moment, side=side))
    async with bench.store.reading() as store:
        first = await store.cases(None, 3)
        assert [case.id for case in first] == [other(3), other(2), other(1)]
        rest = await store.cases(Position(first[-1].create_time, first[-1].id), 3)
        assert [case.id for case in rest] == [other(0)]
        sources = await store.referrals(ReferralQuery(side=Side.SOURCE, size=10))
        assert [one.id for one in sources] == [other(2), other(1), other(0)]
        assert await store.referrals(ReferralQuery(states=frozenset({State.DRAFT}))) == []
        assert len(await store.referrals(ReferralQuery(states=frozenset({State.SUBMITTED}), case_id=ID))) == 4
        assert await store.referrals(ReferralQuery(case_id=other(1))) == []


async def test_letters_are_due_until_they_are_settled(bench: Bench) -> None:
    async with bench.store.transaction() as store:
        await store.put_outgoing(replace(LETTER, number=2, next_time=NOON))
        await store.put_outgoing(LETTER)
        await store.put_outgoing(replace(LETTER, number=3, next_time=NOON, delivery=Delivery.RECEIPTED))
        assert [one.number for one in await store.due(NOON, 10)] == [2]
        assert [one.number for one in await store.due(NOON + MINUTE, 10)] == [2, 1]
        assert [one.number for one in await store.due(NOON + MINUTE, 1)] == [2]


async def test_mail_that_waits_is_replaced_by_the_same_mail_only(bench: Bench) -> None:
    async with bench.store.transaction() as store:
        await store.send(MailKind.LETTER, "leipzig", ID, 0, b"person", NOON)
        await store.send(MailKind.LETTER, "leipzig", ID, 1, b"step", NOON)
        await store.send(MailKind.RECEIPT, "leipzig", ID, 1, b"receipt", NOON)
        await store.send(MailKind.LETTER, "leipzig", ID, 0, b"", NOON)
    sent = await bench.sent("hub")
    assert [(one.kind, one.record_id, one.body) for one in sent] == [
        ("leipzig", f"ref-{ID}-1", b"step"),
        ("leipzig", f"rcpt-{ID}-1", b"receipt"),
        ("leipzig", f"ref-{ID}-0", b""),
    ]
    assert {one.epoch for one in sent} == {EPOCH}


async def test_every_change_is_told_apart(bench: Bench) -> None:
    async with bench.store.transaction() as store:
        for changes in (1, 2):
            await store.tell(replace(REFERRAL, changes=changes), NOON, conflict=False)
    told = await bench.sent("local")
    assert [(one.kind, one.record_id, one.revision) for one in told] == [
        ("referral", f"{ID}-1", 1),
        ("referral", f"{ID}-2", 2),
    ]


async def test_what_came_is_remembered_and_what_came_early_is_taken_once(bench: Bench) -> None:
    letter = Incoming("leipzig", ID, 1, bytes(32), b"receipt", NOON)
    async with bench.store.transaction() as store:
        await store.put_incoming(letter)
        await store.keep_early("leipzig", ID, 3, b"early")
        await store.keep_early("leipzig", ID, 3, b"early")
    async with bench.store.transaction() as store:
        assert await store.incoming("leipzig", ID, 1) == letter
        assert await store.incoming("chemnitz", ID, 1) is None
        assert await store.take_early("leipzig", ID, 2) is None
        assert await store.take_early("leipzig", ID, 3) == b"early"
        assert await store.take_early("leipzig", ID, 3) is None


async def test_persons_of_ended_referrals_are_found_when_their_time_is_over(bench: Bench) -> None:
    there = replace(REFERRAL, side=Side.TARGET, person_released=True)
    async with bench.store.transaction() as store:
        await store.put_referral(replace(there, id=other(1), state=State.CLOSED))
        await store.put_referral(replace(there, id=other(2), state=State.IN_SERVICE))
        await store.put_referral(replace(there, id=other(3), state=State.CLOSED, person_released=False))
        await store.put_referral(replace(there, id=other(4), state=State.CLOSED, side=Side.SOURCE))
        assert await store.settled_before(NOON, 10) == []
        assert [one.id for one in await store.settled_before(NOON + MINUTE, 10)] == [other(1)]


async def test_a_repeat_finds_its_answer_until_it_is_forgotten(bench: Bench) -> None:
    asked = Asked("dresden/counsellor/console", ID, "/Method", bytes(32))
    async with bench.store.transaction() as store:
        assert await store.answer_to(asked) is None
        await store.keep_answer(asked, b"answer", NOON)
    async with bench.store.transaction() as store:
        assert await store.answer_to(asked) == b"answer"
        with pytest.raises(ChooseAnother, match="REQUEST_ID_REUSED"):
            await store.answer_to(replace(asked, content_hash=bytes(31) + b"x"))
        assert await store.forget_answers(NOON) == 0
        assert await store.forget_answers(NOON + MINUTE) == 1
        assert await store.answer_to(asked) is None
