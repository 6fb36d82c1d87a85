"""What a person says of itself is found with those who may read it, and nowhere else: a scan of all that is stored."""

import base64
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest

from lotse.referral.v1 import case_pb2
from lotse.referral.v1 import referral_pb2 as r
from services.common.rpc.callers import Role
from tests.integration.referral.people import CANARIES, TEXT_CANARY, case
from tests.integration.referral.steps import (
    both_prove,
    holds_a_person,
    keys_of,
    nothing_waits,
    person_arrived,
    submitted,
    taken_to,
)
from tests.integration.referral.world import CHEMNITZ, DRESDEN, LEIPZIG, World, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


def spellings(word: str) -> list[bytes]:
    """Give what to look for: plain, UTF-16, and base64 at each of three offsets."""
    plain = word.encode()
    found = [plain, word.encode("utf-16-le")]
    for shift in range(3):
        encoded = base64.b64encode(b"x" * shift + plain)
        found.append(encoded[4 : -(-len(encoded) // 4) * 4 - 4])
    return found


def leaks(folder: Path, words: tuple[str, ...]) -> list[str]:
    """Name every file in which one of the words stands."""
    wanted = [spelling for word in words for spelling in spellings(word)]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any("hub-store" in str(path) for path in files)
    assert any(path.name == "referral.db" for path in files)
    return [str(path) for path in files if any(spelling in content_of(path) for spelling in wanted)]


def content_of(path: Path) -> bytes:
    """Read a file; one that the broker has just removed holds nothing any more."""
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


async def test_no_file_of_anybody_holds_a_person_in_the_clear(world: World, logged: StringIO) -> None:
    words = (*CANARIES, TEXT_CANARY)
    async with world.broker(DRESDEN), world.broker(LEIPZIG), world.node(DRESDEN, broker=True) as dresden:
        referral = await submitted(dresden)

        async def sent() -> bool:
            return await nothing_waits(dresden)

        await until(sent)
        assert leaks(world.folder, words) == []
        control = world.folder / "control"
        control.write_bytes(base64.b64encode(b"x" + CANARIES[0].encode() + b"yz"))
        assert leaks(world.folder, words) == [str(control)]  # the scan finds what it looks for
        control.unlink()
        async with world.node(LEIPZIG, broker=True) as leipzig:
            await taken_to(leipzig, referral, r.REFERRAL_STATE_IN_REVIEW)
            assert not await holds_a_person(leipzig)
            assert await keys_of(leipzig) == 0
            await leipzig.step("AcceptReferral", referral)
            await person_arrived(leipzig, referral)
            assert leaks(world.folder, words) == []
            await leipzig.step("CompleteReferral", referral, outcome_code=r.OUTCOME_CODE_SOLVED)
            await dresden.until_state(referral, r.REFERRAL_STATE_COMPLETED)
            assert leaks(world.folder, words) == []
    for word in words:
        assert word not in logged.getvalue()


async def test_only_counsellors_see_who_it_is(world: World) -> None:
    async with world.node(DRESDEN) as dresden, world.node(LEIPZIG) as leipzig:
        referral = await submitted(dresden)
        await taken_to(leipzig, referral, r.REFERRAL_STATE_ACCEPTED)
        await person_arrived(leipzig, referral)
        seen = {role: leipzig.clients[role] for role in (Role.COUNSELLOR, Role.COORDINATOR)}
        found = {
            role: (await client.call("GetReferral", name=leipzig.name(referral))).referral
            for role, client in seen.items()
        }
        assert found[Role.COUNSELLOR].person.name
        assert not found[Role.COORDINATOR].HasField("person")
        read = await dresden.call("GetCase", name=referral.case)
        assert CANARIES[0] in read.case.person.name
        as_hotline = await dresden.clients[Role.HOTLINE].call("GetCase", name=referral.case)
        assert as_hotline.case.has_person
        assert not as_hotline.case.HasField("person")
        for answer in (
            await dresden.call("ListCases", parent="regions/dresden"),
            await leipzig.call("ListReferrals", parent="regions/leipzig"),
        ):
            assert not any(word.encode() in answer.SerializeToString() for word in CANARIES)
        assert (await dresden.clients[Role.EDITOR].refused("GetCase", name=referral.case)).reason == "ROLE_NOT_ALLOWED"


async def test_an_erased_case_leaves_a_stub_here_and_nothing_there(world: World) -> None:
    async with world.node(DRESDEN) as dresden, world.node(LEIPZIG) as leipzig:
        referral = await submitted(dresden)
        await taken_to(leipzig, referral, r.REFERRAL_STATE_ACCEPTED)
        await person_arrived(leipzig, referral)
        await dresden.until_state(referral, r.REFERRAL_STATE_ACCEPTED)
        etag = (await dresden.call("GetCase", name=referral.case)).case.etag
        stub = (await dresden.call("EraseCase", name=referral.case, etag=etag)).case
        assert (stub.state, stub.intake_text, stub.has_person) == (case_pb2.CASE_STATE_ERASED, "", False)
        assert await keys_of(dresden) == 0
        await leipzig.until_state(referral, r.REFERRAL_STATE_WITHDRAWN)

        async def gone() -> bool:
            return await keys_of(leipzig) == 0

        await until(gone)
        await dresden.until_state(referral, r.REFERRAL_STATE_WITHDRAWN)
        await both_prove(referral, dresden, leipzig)
        assert (await dresden.call("EraseCase", name=stub.name, etag=stub.etag)).case == stub
        refused = await dresden.staff.refused("UpdateCase", case=case(name=stub.name, etag=stub.etag))
        assert refused.reason == "CASE_ERASED"


async def test_a_third_region_cannot_read_what_passes_by(world: World) -> None:
    async with world.node(CHEMNITZ) as chemnitz, world.node(DRESDEN) as dresden, world.node(LEIPZIG) as leipzig:
        referral = await submitted(dresden)
        await leipzig.until_state(referral, r.REFERRAL_STATE_DELIVERED)
        assert not (await chemnitz.call("ListReferrals", parent="regions/chemnitz")).referrals
        assert (await chemnitz.staff.refused("GetReferral", name=referral.name)).reason == "FOREIGN_REGION"
