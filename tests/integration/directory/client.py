"""A caller of the directory: every call by its name, requests as keyword arguments, and what waits in the outbox."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc

from lotse.directory.v1 import offer_requests_pb2, partner_requests_pb2, site_requests_pb2
from lotse.directory.v1.directory_events_pb2 import OfferEntry, PartnerEntry
from lotse.directory.v1.directory_service_pb2_grpc import DirectoryServiceStub
from services.common.db import outbox
from services.common.db.engine import Database
from services.common.rpc.client import RpcError
from tests.integration.directory.records import PARENT, offer, partner

TokenMaker = Callable[..., str]
"""Makes a token for a role, a region and a name; gives its text."""

_MODULES = (partner_requests_pb2, site_requests_pb2, offer_requests_pb2)


@dataclass(frozen=True)
class Refusal:
    """What a refused call said."""

    code: str
    reason: str
    paths: tuple[str, ...]
    metadata: dict[str, str]


class Client:
    """Calls the service with one token."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = DirectoryServiceStub(channel)

    async def call(self, method: str, **fields: Any) -> Any:
        kind = next(getattr(module, f"{method}Request") for module in _MODULES if hasattr(module, f"{method}Request"))
        return await getattr(self._stub, method)(kind(**fields))

    async def refused(self, method: str, **fields: Any) -> Refusal:
        try:
            await self.call(method, **fields)
        except RpcError as error:
            paths = tuple(sorted(violation.path for violation in error.fields))
            return Refusal(error.code.name, error.reason, paths, dict(error.metadata))
        raise AssertionError(f"{method} was not refused")

    async def make_partner(self, record_id: str = "zentrum", **fields: Any) -> Any:
        made = await self.call("CreatePartner", parent=PARENT, partner_id=record_id, partner=partner(**fields))
        return made.partner

    async def make_offer(self, record_id: str = "erstberatung", **fields: Any) -> Any:
        made = await self.call("CreateOffer", parent=PARENT, offer_id=record_id, offer=offer(**fields))
        return made.offer

    async def publish(self, record: Any) -> Any:
        return (await self.call("PublishOffer", name=record.name, etag=record.etag)).offer


@dataclass(frozen=True)
class Sent:
    """One row of the outbox, its body read."""

    target: str
    kind: str
    record_id: str
    revision: int
    deleted: bool
    entry: Any


async def sent(database: Database, kind: str | None = None, target: str = "hub") -> list[Sent]:
    """Give what waits for a target, oldest first."""
    async with database.reading() as session:
        rows = await outbox.oldest(session, target)
    return [_sent(row) for row in rows if kind in {None, row.record.kind}]


def _sent(row: outbox.OutboxRow) -> Sent:
    record = row.record
    reader: Any = {"offer": OfferEntry, "partner": PartnerEntry}[record.kind]
    entry = reader.FromString(record.body)
    return Sent(row.target, record.kind, record.record_id, record.revision, record.deleted, entry)
