"""Each bad input gets the right code and reason, stores nothing, and gives back nothing of what was sent."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import grpc
import pytest
import pytest_asyncio
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from lotse.directory.v1 import offer_requests_pb2, partner_requests_pb2, site_requests_pb2
from lotse.notify.v1 import notify_service_pb2
from lotse.referral.v1 import case_requests_pb2, referral_requests_pb2
from services.common.names import RegionId
from services.common.rpc.auth import create_token
from services.common.rpc.callers import Role
from services.node.demo.stage import Actor
from services.node.layout import NodeLayout
from tests.e2e.bad_inputs import contact_cases, directory_cases, offer_cases, other_cases, referral_cases
from tests.e2e.bad_inputs.case import CANARY, DIRECTORY, FEDERATION, NOTIFY, PARENT, REFERRAL, SEARCH, Case
from tests.e2e.bad_inputs.other_cases import METHODS, role_for

CASES = [
    *offer_cases.CASES,
    *contact_cases.CASES,
    *directory_cases.CASES,
    *referral_cases.CASES,
    *other_cases.CASES,
]
NODES = {DIRECTORY: "dresden", SEARCH: "sachsen", FEDERATION: "sachsen", REFERRAL: "dresden", NOTIFY: "dresden"}
LISTS = (
    (
        DIRECTORY,
        "ListPartners",
        partner_requests_pb2.ListPartnersRequest(parent=PARENT, page_size=500, show_deleted=True),
    ),
    (DIRECTORY, "ListSites", site_requests_pb2.ListSitesRequest(parent=PARENT, page_size=500, show_deleted=True)),
    (DIRECTORY, "ListOffers", offer_requests_pb2.ListOffersRequest(parent=PARENT, page_size=500, show_deleted=True)),
    (REFERRAL, "ListCases", case_requests_pb2.ListCasesRequest(parent=PARENT, page_size=500)),
    (REFERRAL, "ListReferrals", referral_requests_pb2.ListReferralsRequest(parent=PARENT, page_size=500)),
    (NOTIFY, "ListRecipients", notify_service_pb2.ListRecipientsRequest(parent=PARENT)),
)


class Caller:
    """Sends raw bytes to a service, past all our own client code."""

    def __init__(self, channels: dict[str, grpc.aio.Channel], tokens: dict[tuple[str, str], str]) -> None:
        self._channels = channels
        self._tokens = tokens
        self.before: list[bytes] | None = None
        """What was stored after the case before."""

    async def send(self, case: Case, request: Message | bytes) -> bytes:
        """Send, and wait where a fast machine sends more than the 200 calls a second that one caller may."""
        while True:
            try:
                return await self._send(case, request)
            except grpc.aio.AioRpcError as error:
                if details_of(error)[0].reason != "QUOTA_EXCEEDED":
                    raise
                await asyncio.sleep(0.1)

    async def _send(self, case: Case, request: Message | bytes) -> bytes:
        metadata = list(case.metadata)
        token = case.token or (self._tokens[NODES[case.service], case.role] if case.role else None)
        if token:
            metadata.append(("authorization", f"Bearer {token}"))
        path, channel = f"/{case.service}/{case.method}", self._channels[case.service]
        body = request if isinstance(request, bytes) else request.SerializeToString()
        if case.method.startswith("Watch"):
            return b"".join(
                [
                    bytes(each)
                    async for each in channel.unary_stream(path)(body, timeout=case.timeout, metadata=metadata)
                ]
            )
        return bytes(await channel.unary_unary(path)(body, timeout=case.timeout, metadata=metadata))

    async def stored(self) -> list[bytes]:
        """Everything the node holds, deleted records too."""
        return [
            await self.send(Case("list", service, method, request, "", "", role=role_for(service, method)), request)
            for service, method, request in LISTS
        ]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def caller(federation: dict[RegionId, Actor]) -> AsyncIterator[Caller]:
    tokens = {}
    for region, actor in federation.items():
        for role in Role:
            tokens[region, str(role)] = token_of(actor.layout, region, role)
        tokens[region, "foreign"] = token_of(actor.layout, RegionId("leipzig"), Role.EDITOR)
        tokens[region, "expired"] = token_of(actor.layout, region, Role.EDITOR, datetime(2026, 1, 1, tzinfo=UTC))
    addresses = {
        DIRECTORY: federation[RegionId("dresden")].addresses["directory"],
        SEARCH: federation[RegionId("sachsen")].addresses["search"],
        FEDERATION: federation[RegionId("sachsen")].addresses["federation"],
        REFERRAL: federation[RegionId("dresden")].addresses["referral"],
        NOTIFY: federation[RegionId("dresden")].addresses["notify"],
    }
    channels = {service: grpc.aio.insecure_channel(address) for service, address in addresses.items()}
    yield Caller(channels, tokens)
    for channel in channels.values():
        await channel.close()


def token_of(layout: NodeLayout, region: RegionId, role: Role, since: datetime | None = None) -> str:
    moment = since or datetime.now(UTC)
    name = f"test-{region}-{role}-{moment.year}"
    return create_token(layout.tokens, lambda: moment, region=region, role=role, name=name, lifetime=timedelta(days=30))


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.service.split('.')[1]}-{case.id}")
async def test_a_bad_input_is_refused_with_code_and_reason(caller: Caller, case: Case) -> None:
    if case.twice is not None:
        await caller.send(case, case.twice)
        caller.before = None
    before = caller.before or await caller.stored()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await caller.send(case, case.request)
    error = refused.value
    info, fields = details_of(error)
    assert (error.code().name, info.reason) == (case.code, case.reason), error.details()
    if case.field:
        assert any(path == case.field or path.startswith(f"{case.field}.") for path in fields), fields
    everything = f"{error.details()}{error.debug_error_string()}".encode() + b"".join(
        value if isinstance(value, bytes) else value.encode() for _, value in error.trailing_metadata() or ()
    )
    assert CANARY.encode() not in everything
    caller.before = await caller.stored()
    assert caller.before == before


def details_of(error: grpc.aio.AioRpcError) -> tuple[error_details_pb2.ErrorInfo, list[str]]:
    info, fields = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # the stubs know the sync error only
    for detail in status.details if status else ():
        detail.Unpack(info)
        detail.Unpack(fields)
    return info, [violation.field for violation in fields.field_violations]


def test_the_table_is_large_and_has_no_internal_error() -> None:
    calls = sum(map(len, METHODS.values()))
    counts = Counter(case.reason or case.code for case in CASES)
    print(f"\n{len(CASES)} bad inputs over {calls} calls: {dict(counts.most_common())}")
    assert len(CASES) >= 220
    assert len({(case.service, case.id) for case in CASES}) == len(CASES)
    assert not {"INTERNAL", "UNKNOWN"} & {case.code for case in CASES}
