"""What tests do again and again: take a referral to a state, look at both proofs, look into a database."""

from typing import Any
from uuid import uuid4

from sqlmodel import select

from lotse.referral.v1 import referral_pb2 as r
from services.common.db import outbox, parked
from services.common.db.parked import ParkedSummary
from services.referral.adapters.tables import CaseKeyRow, SealedRow
from tests.integration.referral.people import case, consent
from tests.integration.referral.world import OFFER, Node, until

_WAY = (
    (r.REFERRAL_STATE_IN_REVIEW, "StartReview"),
    (r.REFERRAL_STATE_ACCEPTED, "AcceptReferral"),
    (r.REFERRAL_STATE_IN_SERVICE, "StartService"),
    (r.REFERRAL_STATE_COMPLETED, "CompleteReferral"),
)


async def prepared(source: Node, *, named: bool = True) -> r.Referral:
    """Take a case in, with consent where it is named, and prepare a referral."""
    given = {"parent": f"regions/{source.region}", "request_id": str(uuid4())}  # so that the answers are kept
    made = (await source.call("CreateCase", case=case(named=named), **given)).case
    if named:
        await source.call("GrantConsent", name=made.name, consent=consent(), request_id=str(uuid4()))
    answer = await source.call("CreateReferral", parent=f"regions/{source.region}", case=made.name, offer=OFFER)
    referral: r.Referral = answer.referral
    return referral


async def submitted(source: Node, *, named: bool = True) -> r.Referral:
    """Prepare a referral and send it."""
    referral: r.Referral = await source.step("SubmitReferral", await prepared(source, named=named))
    return referral


async def taken_to(target: Node, referral: Any, state: int) -> None:
    """Have the target take its steps up to a state."""
    await target.until_state(referral, r.REFERRAL_STATE_DELIVERED)
    for reached, method in _WAY:
        if reached > state:
            return
        fields = {"outcome_code": r.OUTCOME_CODE_SOLVED} if method == "CompleteReferral" else {}
        await target.step(method, referral, **fields)


async def both_prove(referral: Any, *nodes: Node) -> None:
    """Wait until both sides prove the same log."""
    proofs: list[Any] = []

    async def proven() -> bool:
        proofs[:] = [await node.call("ProvePath", name=node.name(referral)) for node in nodes]
        return all(proof.proven for proof in proofs)

    try:
        await until(proven)
    except TimeoutError as error:
        raise AssertionError([list(proof.problems) for proof in proofs]) from error
    assert list(proofs[0].log) == list(proofs[1].log)


async def person_arrived(target: Node, referral: Any) -> None:
    async def arrived() -> bool:
        return bool((await target.seen(referral)).person.name)

    await until(arrived)


async def holds_a_person(node: Node) -> bool:
    """Say whether any person is in the node's database, opened or not."""
    async with node.service.database.reading() as session:
        sealed = (await session.exec(select(SealedRow).where(SealedRow.part == "person"))).all()
        return bool(sealed)


async def keys_of(node: Node) -> int:
    async with node.service.database.reading() as session:
        return len((await session.exec(select(CaseKeyRow))).all())


async def nothing_waits(node: Node) -> bool:
    """Say whether all mail has left the node."""
    async with node.service.database.reading() as session:
        return not await outbox.oldest(session, "hub")


async def parked_at(node: Node) -> list[ParkedSummary]:
    async with node.service.database.reading() as session:
        return await parked.list_parked(session, 100)


async def until_parked(node: Node, count: int) -> list[ParkedSummary]:
    async def there() -> bool:
        return len(await parked_at(node)) >= count

    await until(there)
    return await parked_at(node)
