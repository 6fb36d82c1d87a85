"""The proof names whatever is wrong: a changed entry, a broken chain, another head, a signature not there yet."""

from dataclasses import replace
from typing import Any

import pytest

from services.common.messaging.subjects import NotASubject, mail_subject, parse_subject
from services.common.names import parse_name
from services.referral.domain.proof import Proof
from services.referral.handlers import sending
from services.referral.handlers.cases import create_case
from services.referral.handlers.proving import prove_path
from tests.unit.referral.nodes import DRAFT, DRESDEN, LEIPZIG, OFFER, Post, TestNode

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def delivered() -> tuple[Post, str]:
    post = Post()

    async def begin(work: Any) -> str:
        case = await create_case(work, DRAFT, None)
        referral = await sending.create_referral(work, case.id, parse_name(OFFER, "offers"), ())
        return (await sending.submit_referral(work, referral.id, 1, None)).id

    referral_id = await post.source.run(begin)
    await post.deliver_all()
    return post, referral_id


async def proof_of(node: TestNode, referral_id: str) -> Proof:
    async with node.store.reading() as store:
        return await prove_path(store, node.desk.scribe, referral_id)


async def test_a_whole_log_is_proven_on_both_sides() -> None:
    post, referral_id = await delivered()
    proofs = [await proof_of(node, referral_id) for node in post.nodes.values()]
    assert [proof.problems for proof in proofs] == [(), ()]
    assert proofs[0].head == proofs[1].head == proofs[0].peer == proofs[1].peer
    assert proofs[0].log == proofs[1].log


async def test_a_changed_entry_is_noticed() -> None:
    post, referral_id = await delivered()
    lines = await post.source.log(referral_id)

    async def tamper(work: Any) -> None:
        entry = replace(lines[1].entry, author_role="hotline")
        signed = replace(lines[1].signed, content=lines[1].signed.content + b"\x52\x00")
        await work.store.append(replace(lines[1], entry=entry, signed=signed))

    await post.source.run(tamper)
    problems = (await proof_of(post.source, referral_id)).problems
    assert "entry 2 is not signed by a known key of dresden" in problems
    assert "entry 3 does not follow from the one before it" in problems


async def test_another_head_of_the_other_side_is_noticed() -> None:
    post, referral_id = await delivered()

    async def forget(work: Any) -> None:
        referral = await work.store.referral(referral_id)
        await work.store.put_referral(replace(referral, peer_hash=bytes(32)))

    await post.source.run(forget)
    problems = (await proof_of(post.source, referral_id)).problems
    assert problems == ("the other side has signed another entry 3",)


async def test_what_the_other_side_has_not_signed_yet_is_no_proof() -> None:
    post, referral_id = await delivered()
    for version, problem in ((0, "the other side has signed nothing yet"), (9, "the other side is at version 9")):

        async def set_back(work: Any, version: int = version) -> None:
            referral = await work.store.referral(referral_id)
            await work.store.put_referral(replace(referral, peer_version=version))

        await post.target.run(set_back)
        (found,) = (await proof_of(post.target, referral_id)).problems
        assert found.startswith(problem)


async def test_mail_subjects_come_apart_as_they_were_made() -> None:
    subject = mail_subject(LEIPZIG, DRESDEN, "ref", "0b6f", 12)
    assert subject == "fed.to.leipzig.dresden.ref.0b6f.12"
    parts = parse_subject(subject)
    assert (parts.region, parts.to, parts.kind, parts.id, parts.number) == (DRESDEN, LEIPZIG, "ref", "0b6f", 12)
    for wrong in ("fed.to.leipzig.dresden.ref.0b6f.01", "fed.to.leipzig.dresden.ask.0b6f.1", "fed.to.leipzig.dresden"):
        with pytest.raises(NotASubject):
            parse_subject(wrong)
