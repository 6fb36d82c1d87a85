"""A node's federation service shows what each of its services set aside, as one list, and has it tried again."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lotse.federation.v1 import federation_service_pb2 as messages
from lotse.federation.v1.envelope_pb2 import MEMBER_STATE_ACTIVE, Envelope, Member, MemberList, SigningKey
from lotse.federation.v1.federation_service_pb2_grpc import FederationServiceStub
from services.common.clock import utc_now
from services.common.crypto.keys import Signer, create_nkey
from services.common.db import migrations, parked
from services.common.db.engine import Database, connect_database
from services.common.db.parked import Unreadable
from services.common.messaging.members import write_members
from services.common.messaging.members_file import MembersFile
from services.common.messaging.parking import ParkedMessages, StreamReplay
from services.common.messaging.received import Received
from services.common.messaging.refusals import Reason, Refused
from services.common.names import RegionId
from services.common.rpc.auth import create_token
from services.common.rpc.callers import Role
from services.common.rpc.client import RpcError, connect
from services.common.rpc.server import ServerSettings
from services.node.federation import app
from services.node.federation.adapters import DatabaseOutbox, NodeParked, SearchHearing
from services.node.health import check_running
from services.node.layout import NodeLayout
from services.node.settings import NodeSettings
from services.notify.app import MIGRATIONS as NOTIFY
from services.referral.app import MIGRATIONS as REFERRAL
from tests.support.postgres import fresh_database

pytestmark = pytest.mark.asyncio(loop_scope="session")

DRESDEN = RegionId("dresden")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class Office:
    """The federation service of Dresden over the databases of two services; `good` can be applied, once each."""

    folder: Path
    databases: Mapping[str, Database]
    stubs: Mapping[Role, Any]
    good: set[bytes]
    address: str
    operator_token: str

    async def park(self, service: str, minute: int, region: str = "leipzig", reason: str = "KEY_UNKNOWN") -> str:
        """Set a message aside; gives its id."""
        data = f"{service} {minute}".encode()
        message = Unreadable("MAIL" if service == "referral" else "NODE", f"a.{minute}", region, reason, data)
        async with self.databases[service].transaction() as session:
            return await parked.park(session, message, NOON + timedelta(minutes=minute))

    async def ask(self, method: str, role: Role = Role.OPERATOR, **fields: Any) -> Any:
        return await getattr(self.stubs[role], method)(getattr(messages, f"{method}Request")(**fields))

    async def refused(self, method: str, role: Role = Role.OPERATOR, **fields: Any) -> str:
        try:
            await self.ask(method, role, **fields)
        except RpcError as error:
            return error.reason
        raise AssertionError(f"{method} was not refused")


@pytest_asyncio.fixture(loop_scope="session")
async def office(tmp_path: Path, postgres_url: str) -> AsyncIterator[Office]:
    """Referral's books are on PostgreSQL here, notify's on SQLite: one list all the same."""
    urls = {
        "referral": (await fresh_database(postgres_url), REFERRAL),
        "notify": (f"sqlite+aiosqlite:///{tmp_path}/notify.db", NOTIFY),
    }
    for service, (url, folder) in urls.items():
        await migrations.upgrade(url, folder, service)
    async with (
        connect_database(urls["referral"][0]) as referral,
        connect_database(urls["notify"][0]) as notify,
        _serving(tmp_path, {"referral": referral, "notify": notify}) as made,
    ):
        yield made


@asynccontextmanager
async def _serving(folder: Path, databases: Mapping[str, Database]) -> AsyncIterator[Office]:
    good: set[bytes] = set()

    def verify(data: bytes, subject: str) -> Envelope:
        if data not in good:
            raise Refused(Reason.KEY_UNKNOWN)
        return Envelope()

    async def again(message: Received) -> bool:
        good.remove(message.data)
        return True

    streams = {"referral": "MAIL", "notify": "NODE"}
    sources = {
        name: ParkedMessages(each, {streams[name]: StreamReplay(verify, again)}) for name, each in databases.items()
    }
    tokens = {
        role: create_token(
            folder / "tokens.json", utc_now, region=DRESDEN, role=role, name=str(role), lifetime=timedelta(hours=1)
        )
        for role in (Role.OPERATOR, Role.COUNSELLOR)
    }
    serving = app.running(
        ServerSettings(tokens_file=folder / "tokens.json"),
        DRESDEN,
        ("referral", "notify"),
        _members(folder),
        DatabaseOutbox(None),
        NodeParked(sources),
        SearchHearing(None, ""),
        b"s" * 32,
        utc_now,
    )
    async with serving as port:
        address = f"127.0.0.1:{port}"
        async with (
            connect(address, tokens[Role.OPERATOR]) as operator,
            connect(address, tokens[Role.COUNSELLOR]) as counsellor,
        ):
            stubs = {
                Role.OPERATOR: FederationServiceStub(operator),
                Role.COUNSELLOR: FederationServiceStub(counsellor),
            }
            yield Office(folder, databases, stubs, good, address, tokens[Role.OPERATOR])


def _members(folder: Path) -> MembersFile:
    root, signer = Signer(Ed25519PrivateKey.generate()), Signer(Ed25519PrivateKey.generate())
    members = [
        Member(
            region=region,
            display_name=region.title(),
            state=MEMBER_STATE_ACTIVE,
            signing_keys=[SigningKey(key_id=signer.key_id, public_key=signer.public_bytes)],
            nkey=create_nkey(folder / f"{region}.nk"),
        )
        for region in ("dresden", "leipzig")
    ]
    write_members(folder / "members.binpb", MemberList(serial=1, members=members), root)
    return MembersFile(folder / "members.binpb", root.public_bytes, utc_now)


async def test_one_list_newest_first_names_service_subject_region_reason_and_time(office: Office) -> None:
    await office.park("referral", 1)
    await office.park("notify", 2, region="", reason="BODY_INVALID")
    await office.park("referral", 3, region="chemnitz", reason="REGION_UNKNOWN")
    found = (await office.ask("ListParkedMessages")).parked_messages
    assert [(one.service, one.subject, one.region, messages.ParkReason.Name(one.reason)) for one in found] == [
        ("referral", "a.3", "chemnitz", "PARK_REASON_REGION_UNKNOWN"),
        ("notify", "a.2", "", "PARK_REASON_BODY_INVALID"),
        ("referral", "a.1", "leipzig", "PARK_REASON_KEY_UNKNOWN"),
    ]
    assert [one.park_time.ToDatetime(UTC) for one in found] == [NOON + timedelta(minutes=n) for n in (3, 2, 1)]
    assert [one.size_bytes for one in found] == [len("referral 3"), len("notify 2"), len("referral 1")]


async def test_pages_go_on_across_services_and_miss_nothing(office: Office) -> None:
    parked_ids = [await office.park("notify" if minute % 3 else "referral", minute) for minute in range(10)]
    found: list[str] = []
    token = ""
    while True:
        page = await office.ask("ListParkedMessages", page_size=3, page_token=token)
        found += [one.id for one in page.parked_messages]
        token = page.next_page_token
        if not token:
            break
    assert found == parked_ids[::-1]
    first = await office.ask("ListParkedMessages", page_size=3)
    other = {"page_size": 3, "page_token": first.next_page_token, "service": "notify"}
    assert await office.refused("ListParkedMessages", **other) == "PAGE_TOKEN_INVALID"


async def test_a_list_is_narrowed_by_service_and_region(office: Office) -> None:
    await office.park("referral", 1)
    await office.park("notify", 2, region="")
    await office.park("referral", 3, region="chemnitz")

    async def subjects(**fields: Any) -> list[str]:
        return [one.subject for one in (await office.ask("ListParkedMessages", **fields)).parked_messages]

    assert await subjects(service="referral") == ["a.3", "a.1"]
    assert await subjects(service="notify") == ["a.2"]
    assert await subjects(service="search") == []
    assert await subjects(region="chemnitz", service="referral") == ["a.3"]
    assert await office.refused("ListParkedMessages", service="Referral!") == "INVALID_FIELD"


async def test_a_message_is_tried_again_at_the_service_that_has_it(office: Office) -> None:
    mail, news = await office.park("referral", 1), await office.park("notify", 2, region="")
    for message_id in (mail, news):
        assert await office.refused("ReplayParkedMessage", id=message_id) == "MESSAGE_STILL_PARKED"
    assert await office.refused("ReplayParkedMessage", id=mail, service="notify") == "RESOURCE_NOT_FOUND"
    office.good |= {b"referral 1", b"notify 2"}
    assert (await office.ask("ReplayParkedMessage", id=news)).applied
    assert (await office.ask("ReplayParkedMessage", id=mail, service="referral")).applied
    assert await office.refused("ReplayParkedMessage", id=mail) == "RESOURCE_NOT_FOUND"
    assert not (await office.ask("ListParkedMessages")).parked_messages


async def test_counts_stand_beside_the_node_and_its_peers(office: Office) -> None:
    assert dict((await office.ask("GetNode")).parked_messages) == {}
    await office.park("referral", 1)
    await office.park("referral", 2, region="nobody")
    await office.park("notify", 3, region="")
    assert dict((await office.ask("GetNode")).parked_messages) == {"referral": 2, "notify": 1}
    peers = (await office.ask("ListPeers")).peers
    assert {peer.member.region: peer.parked_messages for peer in peers} == {"dresden": 0, "leipzig": 1}


async def test_doctor_names_services_and_members(office: Office) -> None:
    layout = NodeLayout(office.folder / "node")
    settings = NodeSettings(region=DRESDEN, display_name="Dresden", services=("federation",))
    layout.keys.mkdir(parents=True)
    layout.cli_token(Role.OPERATOR).write_text(office.operator_token)

    async def found() -> list[str]:
        with layout.held():
            layout.write_addresses({"federation": office.address})
            return [one.what for one in await check_running(layout, settings) if one.subject == "parked"]

    assert await found() == []
    await office.park("referral", 1)
    await office.park("referral", 2)
    await office.park("notify", 3, region="")
    assert await found() == ["1 by notify, 2 by referral (2 of leipzig): docs/operations.md, Parked messages"]


async def test_only_operators_look_at_what_was_set_aside(office: Office) -> None:
    for method, fields in (("ListParkedMessages", {}), ("ReplayParkedMessage", {"id": "0" * 32})):
        assert await office.refused(method, Role.COUNSELLOR, **fields) == "ROLE_NOT_ALLOWED"
