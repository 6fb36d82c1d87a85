"""The service as it runs: messages over a real broker, calls over gRPC, engine and database real."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
import pytest_asyncio

from lotse.federation.v1.envelope_pb2 import MEMBER_STATE_ACTIVE, Member, MemberList, SigningKey
from lotse.search.v1 import search_pb2, search_service_pb2
from lotse.search.v1.search_service_pb2_grpc import SearchServiceStub
from services.common.clock import utc_now
from services.common.crypto.keys import Signer, create_nkey, create_signer
from services.common.db.outbox import OutboxRecord
from services.common.messaging.connection import NatsConnection, NatsSettings, connect_nats
from services.common.messaging.envelope import seal
from services.common.messaging.members import write_members
from services.common.messaging.streams import CATALOG_STREAM, NODE_STREAM, ensure_reader, ensure_streams
from services.common.messaging.subjects import (
    CATALOG,
    CATALOG_FILTER,
    NODE,
    NODE_FILTER,
    catalog_subject,
    local_subject,
)
from services.common.names import RegionId
from services.common.rpc.auth import create_token
from services.common.rpc.callers import Role
from services.common.rpc.client import RpcError, connect
from services.common.rpc.server import ServerSettings
from services.node.servers.nats import running_nats
from services.node.servers.ports import free_port
from services.search.app import RunningSearch, reindex, running
from services.search.settings import BrokerSettings, SearchSettings
from tests.integration.search.offers import entry, head, partner_message
from tests.integration.search.world import ids

pytestmark = pytest.mark.asyncio(loop_scope="session")

REGIONS = ("dresden", "leipzig")
Request = search_service_pb2.SearchOffersRequest


@dataclass
class Service:
    """A running service, and a hand to publish with."""

    running: RunningSearch
    settings: SearchSettings
    stub: Any
    broker: NatsConnection
    signers: dict[str, Signer]

    async def publish(
        self, region: str, kind: str, record_id: str, body: bytes, revision: int = 1, *, local: bool = False
    ) -> None:
        """Sign and publish one record, on the hub's catalog or on the own broker."""
        deleted = not body
        record = OutboxRecord(kind, record_id, 1, revision, deleted, body, utc_now())
        owner = RegionId(region)
        subject = local_subject("directory", kind, record_id) if local else catalog_subject(owner, kind, record_id)
        await self.broker.jetstream.publish(subject, seal(record, revision, subject, owner, self.signers[region]))

    async def until_found(self, text: str, expected: list[str]) -> search_service_pb2.SearchOffersResponse:
        """Search until the answer is as expected."""
        async with asyncio.timeout(20):
            while True:
                answer: search_service_pb2.SearchOffersResponse = await self.stub.SearchOffers(Request(text=text))
                if ids(answer) == expected:
                    return answer
                await asyncio.sleep(0.05)


@pytest_asyncio.fixture(loop_scope="session")
async def service(opensearch_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with AsyncExitStack() as stack:
        config = tmp_path / "nats.conf"
        config.write_text(f'listen: 127.0.0.1:{(port := free_port())}\njetstream {{ store_dir: "{tmp_path}/js" }}\n')
        server = await stack.enter_async_context(running_nats(config, port=port, log_path=tmp_path / "nats.log"))
        broker = await stack.enter_async_context(connect_nats(NatsSettings(server.url, "test")))
        await broker.until_connected()
        await ensure_streams(broker.jetstream, [CATALOG_STREAM, NODE_STREAM])
        await ensure_reader(broker.jetstream, CATALOG, "search", CATALOG_FILTER)
        await ensure_reader(broker.jetstream, NODE, "search", NODE_FILTER)
        signers = {region: create_signer(tmp_path / f"{region}.key") for region in REGIONS}
        settings, token = _settings(tmp_path, signers, server.url, opensearch_url)
        running_service = await stack.enter_async_context(running(settings))
        channel = await stack.enter_async_context(connect(f"127.0.0.1:{running_service.port}", token))
        made = Service(running_service, settings, SearchServiceStub(channel), broker, signers)
        await _until_served(made)
        yield made


async def _until_served(service: Service) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                await service.stub.SearchOffers(Request())
            except RpcError as error:
                if error.reason != "SEARCH_ENGINE_UNAVAILABLE":
                    raise
                await asyncio.sleep(0.05)
            else:
                return


def _settings(
    folder: Path, signers: dict[str, Signer], broker_url: str, opensearch_url: str
) -> tuple[SearchSettings, str]:
    root = create_signer(folder / "root.key")
    members = [_member(region, signer, create_nkey(folder / f"{region}.nkey")) for region, signer in signers.items()]
    write_members(folder / "members", MemberList(serial=1, members=members), root)
    token = create_token(
        folder / "tokens.json",
        utc_now,
        region=RegionId("dresden"),
        role=Role.HOTLINE,
        name="hotline",
        lifetime=timedelta(hours=1),
    )
    settings = SearchSettings(
        region="dresden",
        server=ServerSettings(tokens_file=folder / "tokens.json"),
        search_database_url=f"sqlite+aiosqlite:///{folder}/search.db",
        members_file=folder / "members",
        root_public_key=root.public_bytes.hex(),
        hub=BrokerSettings(url=broker_url),
        own_broker=BrokerSettings(url=broker_url),
        opensearch_url=opensearch_url,
        # What is shown here is the way of a change; the encoder would see topics in words made up for it.
        encoder="off",
        index_name=f"test-{uuid4().hex}",
        refresh_interval_ms=100,
        coverage_refresh_seconds=0.1,
    )
    return settings, token


def _member(region: str, signer: Signer, nkey: str) -> Member:
    key = SigningKey(key_id=signer.key_id, public_key=signer.public_bytes)
    return Member(
        region=region, display_name=f"Welcome Center {region}", state=MEMBER_STATE_ACTIVE, signing_keys=[key], nkey=nkey
    )


async def test_what_a_region_publishes_is_found_over_grpc_and_gone_after_its_tombstone(service: Service) -> None:
    body = entry("kurs", "Deutschkurs für Pflegekräfte", region="leipzig").SerializeToString()
    await service.publish("leipzig", "offer", "kurs", body)
    answer = await service.until_found("Deutschkurs", ["kurs"])
    assert answer.hits[0].name == "regions/leipzig/offers/kurs"
    read = await service.stub.GetOffer(search_service_pb2.GetOfferRequest(name="regions/leipzig/offers/kurs"))
    assert read.entry == answer.hits[0].entry
    assert read.coverage.region == "leipzig"
    await service.publish("leipzig", "offer", "kurs", b"", 2)
    await service.until_found("Deutschkurs", [])
    with pytest.raises(RpcError) as missing:
        await service.stub.GetOffer(search_service_pb2.GetOfferRequest(name="regions/leipzig/offers/kurs"))
    assert (missing.value.code, missing.value.reason) == (grpc.StatusCode.NOT_FOUND, "RESOURCE_NOT_FOUND")


async def test_own_changes_come_over_the_own_broker_and_once_more_over_the_hub(service: Service) -> None:
    body = entry("kurs", "Deutschkurs").SerializeToString()
    await service.publish("dresden", "offer", "kurs", body, local=True)
    await service.until_found("Deutschkurs", ["kurs"])
    await service.publish("dresden", "offer", "kurs", body)
    await service.publish("dresden", "offer", "next", entry("next", "Nähkurs Zwirbelkontor").SerializeToString())
    await service.until_found("Zwirbelkontor", ["next"])
    assert (await service.stub.SearchOffers(Request())).total_size == 2
    own = RegionId("dresden")
    foreign = "node.referral.case.abc"
    case = OutboxRecord("case", "abc", 1, 1, False, b"x", utc_now())
    await service.broker.jetstream.publish(foreign, seal(case, 1, foreign, own, service.signers[own]))
    last = entry("last", "Töpfern Keramikzwerg").SerializeToString()
    await service.publish("dresden", "offer", "last", last, local=True)
    await service.until_found("Keramikzwerg", ["last"])
    coverage = await service.stub.GetCoverage(search_service_pb2.GetCoverageRequest())
    assert next(one for one in coverage.regions if one.region == own).parked_messages == 0


async def test_a_lying_body_is_parked_and_the_region_says_how_many(service: Service) -> None:
    await service.publish("leipzig", "offer", "moved", entry("other").SerializeToString())
    partner = partner_message("kammer", region="leipzig").envelope.body
    await service.publish("leipzig", "partner", "kammer", partner)
    body = entry("kurs", "Deutschkurs", region="leipzig").SerializeToString()
    await service.publish("leipzig", "offer", "kurs", body)
    await service.until_found("Deutschkurs", ["kurs"])
    coverage = await service.stub.GetCoverage(search_service_pb2.GetCoverageRequest())
    assert {one.region: one.parked_messages for one in coverage.regions} == {"dresden": 0, "leipzig": 1}


async def test_a_head_makes_a_region_fresh(service: Service) -> None:
    await service.publish("leipzig", "node", "head", head("leipzig", utc_now(), 0).envelope.body)
    async with asyncio.timeout(20):
        while True:
            answer = await service.stub.SearchOffers(Request())
            if "leipzig" not in [one.region for one in answer.coverage]:
                break
            await asyncio.sleep(0.05)


async def test_suggestions_come_while_somebody_types(service: Service) -> None:
    request = search_service_pb2.SuggestConceptsRequest(prefix="Anerk", language_code="uk", max_results=3)
    found = (await service.stub.SuggestConcepts(request)).suggestions
    assert found[0].id == "recognition"
    assert found[0].language_code == "uk"
    assert "Anerkennung" in found[0].german_label
    assert len(found) <= 3


async def test_a_rebuild_by_hand_beside_the_running_service_changes_nothing_for_callers(service: Service) -> None:
    body = entry("kurs", "Deutschkurs", region="leipzig").SerializeToString()
    await service.publish("leipzig", "offer", "kurs", body)
    await service.until_found("Deutschkurs", ["kurs"])
    assert (await reindex(service.settings)).records == 1
    assert ids(await service.stub.SearchOffers(Request(text="Deutschkurs"))) == ["kurs"]
    await service.publish("leipzig", "offer", "kurs", b"", 2)
    await service.until_found("Deutschkurs", [])


REFUSED: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "text": lambda stub: stub.SearchOffers(Request(text="a" * 401)),
    "page_size": lambda stub: stub.SearchOffers(Request(page_size=-1)),
    "facets[0]": lambda stub: stub.SearchOffers(Request(facets=[search_pb2.FACET_FIELD_UNSPECIFIED])),
    "filter.circle.center": lambda stub: stub.SearchOffers(
        Request(filter=search_pb2.OfferFilter(circle=search_pb2.Circle(radius_km=5)))
    ),
    "name": lambda stub: stub.GetOffer(search_service_pb2.GetOfferRequest(name="regions/leipzig/partners/a")),
    "prefix": lambda stub: stub.SuggestConcepts(search_service_pb2.SuggestConceptsRequest()),
}


async def test_a_field_that_breaks_its_rule_is_named(service: Service) -> None:
    for field, call in REFUSED.items():
        with pytest.raises(RpcError) as refused:
            await call(service.stub)
        assert refused.value.reason == "INVALID_FIELD"
        assert [violation.path for violation in refused.value.fields] == [field]
