"""A whole notify service on a real database, what the referral service tells it, and callers of every role."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lotse.federation.v1.envelope_pb2 import MEMBER_STATE_ACTIVE, Envelope, Member, MemberList, SigningKey
from lotse.notify.v1 import notify_service_pb2
from lotse.notify.v1.notify_service_pb2_grpc import NotifyServiceStub
from lotse.referral.v1 import referral_pb2
from lotse.referral.v1.referral_events_pb2 import ReferralChanged
from services.common.clock import utc_now
from services.common.crypto.keys import Signer, create_nkey
from services.common.db.outbox import OutboxRecord
from services.common.ids import new_record_id
from services.common.messaging.envelope import seal
from services.common.messaging.members import write_members
from services.common.messaging.received import Received
from services.common.messaging.subjects import local_subject
from services.common.names import RegionId
from services.common.rpc.auth import create_token
from services.common.rpc.callers import Role
from services.common.rpc.client import RpcError, connect
from services.common.rpc.server import QuotaSettings, ServerSettings
from services.notify.adapters.sql import SqlNotifyStore
from services.notify.adapters.words import JinjaWords
from services.notify.app import RunningNotify
from services.notify.consumer import ReferralListener
from services.notify.settings import NotifySettings, SmtpSettings

REGION = RegionId("dresden")
PARENT = f"regions/{REGION}"
LINK = "https://lotse.example/referrals/{referral}"
FAST = (0.05, 0.1)
"""Delays between tries, in seconds."""


@dataclass(frozen=True)
class Home:
    """Keys, members and tokens of one node, in a folder."""

    folder: Path
    signer: Signer
    root: Signer
    nkey: str

    def token(self, role: Role, name: str = "console", region: str = REGION) -> str:
        path, lifetime = self.folder / "tokens.json", timedelta(hours=1)
        return create_token(path, utc_now, region=RegionId(region), role=role, name=name, lifetime=lifetime)

    def publish_members(self, serial: int, *signers: Signer) -> None:
        """Issue a member list in which these may sign for the region."""
        keys = [SigningKey(key_id=one.key_id, public_key=one.public_bytes) for one in signers]
        member = Member(
            region=REGION,
            display_name="Dresden",
            state=MEMBER_STATE_ACTIVE,
            signing_keys=keys,
            nkey=self.nkey,
        )
        write_members(self.folder / "members.pb", MemberList(serial=serial, members=[member]), self.root)

    def settings(self, database_url: str, **given: Any) -> NotifySettings:
        needed: dict[str, Any] = {
            "region": REGION,
            "server": ServerSettings(
                tokens_file=self.folder / "tokens.json",
                quota=QuotaSettings(rate=10_000, burst=10_000),
                drain_seconds=5,
            ),
            "notify_database_url": database_url,
            "members_file": self.folder / "members.pb",
            "root_public_key": self.root.public_bytes.hex(),
            "link_template": LINK,
            "retry_seconds": FAST,
            "look_seconds": 0.05,
        }
        return NotifySettings(**needed | given)


def make_home(folder: Path) -> Home:
    signer, root = Signer(Ed25519PrivateKey.generate()), Signer(Ed25519PrivateKey.generate())
    home = Home(folder, signer, root, create_nkey(folder / "member.nk"))
    home.publish_members(1, signer)
    home.token(Role.OPERATOR)
    return home


def plain_smtp(port: int, **given: Any) -> SmtpSettings:
    needed: dict[str, Any] = {"host": "127.0.0.1", "port": port, "security": "plain", "sender": "lotse@dresden.example"}
    return SmtpSettings(**needed | {"timeout_seconds": 2, "data_timeout_seconds": 2} | given)


@dataclass(frozen=True)
class Referral:
    """One referral, and what the referral service says of it."""

    id: str
    side: str = "SOURCE"

    @property
    def name(self) -> str:
        return f"{PARENT}/referrals/{self.id}"

    def says(self, state: str, version: int, **given: Any) -> ReferralChanged:
        needed: dict[str, Any] = {
            "name": self.name,
            "side": referral_pb2.Side.Value(f"SIDE_{self.side}"),
            "state": referral_pb2.ReferralState.Value(f"REFERRAL_STATE_{state}"),
            "version": version,
            "other_region": "leipzig",
        }
        return ReferralChanged(**needed | given)


def new_referral(side: str = "SOURCE") -> Referral:
    return Referral(str(uuid4()), side)


def record_of(event: ReferralChanged, revision: int | None = None) -> OutboxRecord:
    body = event.SerializeToString()
    return OutboxRecord("referral", event.name[-36:], 1, revision or event.version, False, body, utc_now())


def received(home: Home, event: ReferralChanged, deliveries: int = 1) -> Received:
    """Give an event as the reader hands it on."""
    record = record_of(event)
    subject = local_subject("referral", record.kind, record.record_id)
    data = seal(record, event.version, subject, REGION, home.signer)
    envelope = Envelope(
        origin=REGION, subject=subject, kind=record.kind, id=record.record_id, revision=event.version, body=record.body
    )
    return Received(subject, envelope, data, event.version, deliveries)


@dataclass
class World:
    """A running service."""

    home: Home
    service: RunningNotify

    async def hear(self, *events: ReferralChanged, deliveries: int = 1) -> int:
        """Have these events applied as one batch; gives how many were unfit."""
        store = SqlNotifyStore(self.service.database)
        listener = ReferralListener(store, JinjaWords(LINK), REGION, utc_now, new_record_id)
        return len(await listener.apply([received(self.home, event, deliveries) for event in events]))

    @asynccontextmanager
    async def caller(self, role: Role, name: str = "console", region: str = REGION) -> AsyncIterator["Client"]:
        async with connect(f"127.0.0.1:{self.service.port}", self.home.token(role, name, region)) as channel:
            yield Client(channel)


@dataclass(frozen=True)
class Refusal:
    """What a refused call said."""

    code: str
    reason: str
    paths: tuple[str, ...]


class Client:
    """Calls the service with one token: every call by its name, requests as keyword arguments."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.stub: Any = NotifyServiceStub(channel)

    async def call(self, method: str, **fields: Any) -> Any:
        return await getattr(self.stub, method)(getattr(notify_service_pb2, f"{method}Request")(**fields))

    async def refused(self, method: str, **fields: Any) -> Refusal:
        try:
            await self.call(method, **fields)
        except RpcError as error:
            return Refusal(error.code.name, error.reason, tuple(sorted(violation.path for violation in error.fields)))
        raise AssertionError(f"{method} was not refused")

    async def add(self, recipient_id: str = "desk", **fields: Any) -> Any:
        recipient = {"display_name": "Erstberatung", "language_code": "de"} | fields
        made = await self.call("CreateRecipient", parent=PARENT, recipient_id=recipient_id, recipient=recipient)
        return made.recipient

    async def deliveries(self, **fields: Any) -> list[Any]:
        answer = await self.call("ListDeliveries", parent=PARENT, page_size=500, **fields)
        return list(answer.deliveries)

    async def notifications(self, **fields: Any) -> list[Any]:
        answer = await self.call("ListNotifications", parent=PARENT, page_size=500, **fields)
        return list(answer.notifications)


CallerMaker = Callable[..., Awaitable[Client]]
