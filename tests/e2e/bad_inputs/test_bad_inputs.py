"""Each bad input gets the right code and reason, stores nothing, and gives back nothing of what was sent."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import grpc
import pytest
import pytest_asyncio
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from lotse.directory.v1 import directory_service_pb2, offer_requests_pb2, partner_requests_pb2, site_requests_pb2
from lotse.federation.v1 import federation_service_pb2
from lotse.search.v1 import search_service_pb2
from services.common.names import RegionId
from services.common.rpc.auth import create_token
from services.common.rpc.callers import Role
from services.node.demo.stage import Actor
from services.node.layout import NodeLayout
from tests.e2e.bad_inputs import contact_cases, directory_cases, offer_cases, other_cases
from tests.e2e.bad_inputs.case import CANARY, DIRECTORY, FEDERATION, PARENT, SEARCH, Case

CASES = [*offer_cases.CASES, *contact_cases.CASES, *directory_cases.CASES, *other_cases.CASES]
NODES = {DIRECTORY: "dresden", SEARCH: "sachsen", FEDERATION: "sachsen"}
LISTS = {
    "ListPartners": partner_requests_pb2.ListPartnersRequest(parent=PARENT, page_size=500, show_deleted=True),
    "ListSites": site_requests_pb2.ListSitesRequest(parent=PARENT, page_size=500, show_deleted=True),
    "ListOffers": offer_requests_pb2.ListOffersRequest(parent=PARENT, page_size=500, show_deleted=True),
}


class Caller:
    """Sends raw bytes to a service, past all our own client code."""

    def __init__(self, channels: dict[str, grpc.aio.Channel], tokens: dict[tuple[str, str], str]) -> None:
        self._channels = channels
        self._tokens = tokens

    async def send(self, case: Case, request: Message | bytes) -> bytes:
        metadata = list(case.metadata)
        token = case.token or (self._tokens[NODES[case.service], case.role] if case.role else None)
        if token:
            metadata.append(("authorization", f"Bearer {token}"))
        call = self._channels[case.service].unary_unary(f"/{case.service}/{case.method}")
        body = request if isinstance(request, bytes) else request.SerializeToString()
        return bytes(await call(body, timeout=case.timeout, metadata=metadata))

    async def stored(self) -> list[bytes]:
        """Everything the directory holds, deleted records too."""
        return [
            await self.send(Case("list", DIRECTORY, method, request, "", ""), request)
            for method, request in LISTS.items()
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
    before = await caller.stored()
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
    assert await caller.stored() == before


def details_of(error: grpc.aio.AioRpcError) -> tuple[error_details_pb2.ErrorInfo, list[str]]:
    info, fields = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # the stubs know the sync error only
    for detail in status.details if status else ():
        detail.Unpack(info)
        detail.Unpack(fields)
    return info, [violation.field for violation in fields.field_violations]


def test_the_table_is_large_and_names_every_method() -> None:
    listed = {(service, method) for service, methods in other_cases.METHODS.items() for method in methods}
    modules = (directory_service_pb2, search_service_pb2, federation_service_pb2)
    declared = {
        (service.full_name, method.name)
        for module in modules
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert listed == declared
    counts = Counter(case.reason or case.code for case in CASES)
    print(f"\n{len(CASES)} bad inputs over {len(declared)} calls: {dict(counts.most_common())}")
    assert len(CASES) >= 120
    assert len({(case.service, case.id) for case in CASES}) == len(CASES)
    assert not {"INTERNAL", "UNKNOWN"} & {case.code for case in CASES}
