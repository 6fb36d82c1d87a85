"""FederationService: convert, ask, convert."""

from datetime import UTC, datetime
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from lotse.federation.v1 import envelope_pb2, federation_service_pb2
from lotse.federation.v1.federation_service_pb2_grpc import FederationServiceServicer
from services.common.db.parked import ParkedCursor, ParkedSummary
from services.common.messaging.members_file import MembersFile
from services.common.names import RegionId
from services.common.paging import PageTokens, page_size_of
from services.common.rpc.access import EVERYBODY, Access, rows
from services.common.rpc.callers import Role
from services.node.federation.ports import Heard, Hearing, Outbox, Parked, ParkedEntry

SERVICE = "lotse.federation.v1.FederationService"
ACCESS = {
    **rows(SERVICE, Access(EVERYBODY, "own"), "GetNode"),
    **rows(SERVICE, Access(frozenset({Role.OPERATOR, Role.COORDINATOR, Role.SERVICE}), "own"), "ListPeers"),
    **rows(SERVICE, Access(frozenset({Role.OPERATOR}), "own"), "ListParkedMessages", "ReplayParkedMessage"),
}
"""Who may call what."""

Context = grpc.aio.ServicerContext[Any, Any]
"""gRPC's own context; who calls stands in `current_call()`."""


class FederationServicer(FederationServiceServicer):
    """Answers for one node."""

    def __init__(
        self,
        region: RegionId,
        version: str,
        services: tuple[str, ...],
        members: MembersFile,
        outbox: Outbox,
        parked: Parked,
        hearing: Hearing,
        tokens: PageTokens,
    ) -> None:
        self._region = region
        self._version = version
        self._services = services
        self._members = members
        self._outbox = outbox
        self._parked = parked
        self._hearing = hearing
        self._tokens = tokens

    async def GetNode(  # noqa: N802
        self, request: federation_service_pb2.GetNodeRequest, context: Context
    ) -> federation_service_pb2.GetNodeResponse:
        """Say who this node is."""
        members = self._members.current()
        return federation_service_pb2.GetNodeResponse(
            member=members.get(self._region),
            software_version=self._version,
            member_list_serial=members.serial,
            services=self._services,
            outbox_rows=await self._outbox.rows(),
            parked_messages=await self._parked.by_service(),
        )

    async def ListPeers(  # noqa: N802
        self, request: federation_service_pb2.ListPeersRequest, context: Context
    ) -> federation_service_pb2.ListPeersResponse:
        """List all members with what was heard of each."""
        members = self._members.current()
        heard, parked = await self._hearing.heard(), await self._parked.by_region()
        known = ((members.get(region), heard.get(region), parked.get(region, 0)) for region in members.regions())
        return federation_service_pb2.ListPeersResponse(
            peers=[_peer(member, said, count) for member, said, count in known if member is not None]
        )

    async def ListParkedMessages(  # noqa: N802
        self, request: federation_service_pb2.ListParkedMessagesRequest, context: Context
    ) -> federation_service_pb2.ListParkedMessagesResponse:
        """List what was set aside."""
        size = page_size_of(request.page_size)
        query = f"parked:{request.region}:{request.service}".encode()
        after = _cursor(self._tokens.read(query, request.page_token)) if request.page_token else None
        narrowed = {"region": request.region or None, "service": request.service or None}
        found = await self._parked.page(size + 1, after, **narrowed)
        page = found[:size]
        more = self._tokens.write(query, _position(page[-1].summary)) if len(found) > size else ""
        return federation_service_pb2.ListParkedMessagesResponse(
            parked_messages=[_message(entry) for entry in page], next_page_token=more
        )

    async def ReplayParkedMessage(  # noqa: N802
        self, request: federation_service_pb2.ReplayParkedMessageRequest, context: Context
    ) -> federation_service_pb2.ReplayParkedMessageResponse:
        """Try one of them again."""
        applied = await self._parked.replay(request.id, request.service or None)
        return federation_service_pb2.ReplayParkedMessageResponse(applied=applied)


def _peer(member: envelope_pb2.Member, heard: Heard | None, parked_messages: int) -> federation_service_pb2.Peer:
    if heard is None:
        return federation_service_pb2.Peer(member=member, parked_messages=parked_messages)
    return federation_service_pb2.Peer(
        member=member,
        last_head_time=_timestamp(heard.last_head_time) if heard.last_head_time else None,
        live_records=heard.live_records,
        parked_messages=parked_messages,
    )


def _message(entry: ParkedEntry) -> federation_service_pb2.ParkedMessage:
    summary = entry.summary
    reason = f"PARK_REASON_{summary.reason}"
    known = reason in federation_service_pb2.ParkReason.keys()  # noqa: SIM118 - an enum wrapper, not a dict
    return federation_service_pb2.ParkedMessage(
        id=summary.id,
        subject=summary.subject,
        region=summary.region,
        reason=federation_service_pb2.ParkReason.Value(reason if known else "PARK_REASON_UNSPECIFIED"),
        park_time=_timestamp(summary.park_time),
        size_bytes=summary.size_bytes,
        service=entry.service,
    )


def _timestamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def _position(summary: ParkedSummary) -> bytes:
    return f"{summary.park_time.isoformat()} {summary.id}".encode()


def _cursor(position: bytes) -> ParkedCursor:
    time, _, message_id = position.decode().partition(" ")
    return ParkedCursor(datetime.fromisoformat(time).astimezone(UTC), message_id)
