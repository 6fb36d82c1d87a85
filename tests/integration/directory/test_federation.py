"""What leaves the node: signed entries to hub and own broker, at least once, also after outages."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import nats
import pytest
from nats.js.errors import NotFoundError

from lotse.directory.v1.directory_events_pb2 import OfferEntry
from lotse.federation.v1.envelope_pb2 import Envelope, NodeHead, SignedEnvelope
from services.common.clock import utc_now
from services.common.crypto.keys import Signer, Verifier, create_signer
from services.common.messaging.streams import CATALOG_STREAM, NODE_STREAM, ensure_streams
from services.common.names import RegionId
from services.common.rpc.auth import create_token
from services.common.rpc.callers import Role
from services.common.rpc.client import connect
from services.common.rpc.server import ServerSettings
from services.common.settings import StartupError
from services.directory.app import running
from services.directory.settings import DirectorySettings, TargetSettings
from services.node.servers.nats import running_nats
from services.node.servers.ports import free_port
from tests.integration.directory.client import Client, sent
from tests.integration.directory.records import REGION

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEADLINE_SECONDS = 20.0


class Broker:
    """One NATS server with the streams of a hub and of a node, on a port that stays the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.url = f"nats://127.0.0.1:{self._port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        config = self._folder / "nats.conf"
        config.write_text(f'host: "127.0.0.1"\njetstream {{ store_dir: "{self._folder}/jetstream" }}\n')
        async with running_nats(config, port=self._port, log_path=self._folder / "nats.log"):
            client = await nats.connect(self.url)
            await ensure_streams(client.jetstream(), (CATALOG_STREAM, NODE_STREAM))
            await client.close()
            yield

    async def last(self, stream: str, subject: str) -> SignedEnvelope | None:
        client = await nats.connect(self.url)
        try:
            message = await client.jetstream().get_last_msg(stream, subject)
        except NotFoundError:
            return None
        finally:
            await client.close()
        return SignedEnvelope.FromString(message.data or b"")


def opened(sealed: SignedEnvelope | None, signer: Signer) -> Envelope:
    assert sealed is not None
    assert Verifier(signer.public_bytes).verify(sealed.signature, sealed.signed)
    return Envelope.FromString(sealed.signed)


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not await holds():
        assert time.monotonic() < deadline, "it never came about"
        await asyncio.sleep(0.05)


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    return Broker(tmp_path)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return create_signer(tmp_path / "signing.key")


@pytest.fixture
def federated(tmp_path: Path, broker: Broker, signer: Signer) -> DirectorySettings:
    target = TargetSettings(url=broker.url)
    return DirectorySettings(
        region=REGION,
        server=ServerSettings(tokens_file=tmp_path / "tokens.json"),
        directory_database_url=f"sqlite+aiosqlite:///{tmp_path}/directory.db",
        signing_key_file=tmp_path / "signing.key",
        epoch=4,
        hub=target,
        own_broker=target,
    )


@asynccontextmanager
async def editing(settings: DirectorySettings, port: int) -> AsyncIterator[Client]:
    path, lifetime = settings.server.tokens_file, timedelta(hours=1)
    token = create_token(path, utc_now, region=RegionId(REGION), role=Role.EDITOR, name="console", lifetime=lifetime)
    async with connect(f"127.0.0.1:{port}", token) as channel:
        yield Client(channel)


@pytest.fixture(autouse=True)
def tokens_file(tmp_path: Path) -> None:
    lifetime = timedelta(hours=1)
    path = tmp_path / "tokens.json"
    create_token(path, utc_now, region=RegionId(REGION), role=Role.READER, name="any", lifetime=lifetime)


async def test_what_was_written_while_the_brokers_were_away_reaches_both_signed_with_a_head_behind_it(
    federated: DirectorySettings, broker: Broker, signer: Signer
) -> None:
    async with running(federated) as service, editing(federated, service.port) as editor:
        await editor.make_partner()
        public = await editor.publish(await editor.make_offer())
        gone = await editor.publish(await editor.make_offer("weg"))
        await editor.call("DeleteOffer", name=gone.name, etag=gone.etag)
        assert len(await sent(service.database, "offer", "hub")) == 3
        async with broker.running():
            async with asyncio.timeout(DEADLINE_SECONDS):
                await asyncio.gather(*(one.until_connected() for one in service.connections.values()))

            async def drained() -> bool:
                return not (await sent(service.database) + await sent(service.database, target="local"))

            await eventually(drained)
            for stream, subject in (
                ("CATALOG", "fed.cat.dresden.offer.erstberatung"),
                ("NODE", "node.directory.offer.erstberatung"),
            ):
                envelope = opened(await broker.last(stream, subject), signer)
                assert (envelope.origin, envelope.subject, envelope.epoch) == (REGION, subject, 4)
                assert (envelope.kind, envelope.id, envelope.revision) == ("offer", "erstberatung", 1)
                entry = OfferEntry.FromString(envelope.body)
                assert (entry.offer.name, entry.offer.revision) == (public.name, 2)
            tombstone = opened(await broker.last("CATALOG", "fed.cat.dresden.offer.weg"), signer)
            assert (tombstone.deleted, tombstone.body, tombstone.revision) == (True, b"", 2)

            async def head_is_out() -> bool:
                return await broker.last("CATALOG", "fed.cat.dresden.node.head") is not None

            await eventually(head_is_out)
            sealed = await broker.last("CATALOG", "fed.cat.dresden.node.head")
            head = NodeHead.FromString(opened(sealed, signer).body)
            assert head.epoch == 4
            assert dict(head.live_records) == {"offer": 1, "partner": 1}


async def test_a_service_that_was_stopped_goes_on_where_it_was(federated: DirectorySettings, broker: Broker) -> None:
    async with running(federated) as service, editing(federated, service.port) as editor:
        await editor.make_partner()
        public = await editor.publish(await editor.make_offer())
    async with broker.running(), running(federated) as service, editing(federated, service.port) as editor:
        assert (await editor.call("GetOffer", name=public.name)).offer == public

        async def arrived() -> bool:
            return await broker.last("CATALOG", "fed.cat.dresden.offer.erstberatung") is not None

        await eventually(arrived)
        await editor.call("PauseOffer", name=public.name, etag=public.etag)


async def test_publishing_needs_a_key(federated: DirectorySettings) -> None:
    settings = federated.model_copy(update={"signing_key_file": None})
    with pytest.raises(StartupError, match="LOTSE_SIGNING_KEY_FILE"):
        async with running(settings):
            pass
