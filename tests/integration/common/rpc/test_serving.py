"""A server starts only when it is whole and safe, tells its health, keeps quotas, and ends without breaking a call."""

import asyncio
import datetime as dt
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from lotse.directory.v1 import directory_service_pb2_grpc, offer_requests_pb2
from services.common.rpc.access import EVERYBODY, Access
from services.common.rpc.auth import revoke_token
from services.common.rpc.callers import Role
from services.common.rpc.client import RpcError, connect
from services.common.rpc.outgoing import rpc_error
from services.common.rpc.server import QuotaSettings, Registration, ServerSettings, TlsSettings, serving, whole_table
from services.common.settings import StartupError
from tests.integration.common.rpc.small_directory import (
    ACCESS,
    DRESDEN,
    GET,
    SERVICE,
    Ground,
    Time,
    eventually,
    make_token,
    new_servicer,
    raw_call,
    small_directory,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

GOOD = offer_requests_pb2.GetOfferRequest(name="regions/dresden/offers/erstberatung").SerializeToString()
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def registration(access: Any = ACCESS, service: str = SERVICE) -> Registration:
    add = directory_service_pb2_grpc.add_DirectoryServiceServicer_to_server
    return Registration(service, add, new_servicer(), access)


def health_stub(channel: grpc.aio.Channel) -> Any:
    """Give the stub untyped: the published types know the synchronous one only."""
    return health_pb2_grpc.HealthStub(channel)


async def start_problems(settings: ServerSettings, *services: Registration) -> tuple[str, ...]:
    with pytest.raises(StartupError) as caught:
        async with serving(settings, DRESDEN, services or [registration()]):
            pass
    return caught.value.problems


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    make_token(tmp_path / "tokens.json", Time(), Role.EDITOR)
    return ServerSettings(tokens_file=tmp_path / "tokens.json")


async def test_a_method_without_a_row_stops_the_start_and_all_are_named(settings: ServerSettings) -> None:
    access = {path: row for path, row in ACCESS.items() if not path.endswith(("GetOffer", "EndOffer"))}
    access[f"/{SERVICE}/Surplus"] = Access(EVERYBODY)
    assert await start_problems(settings, registration(access)) == (
        f"method without an access row: /{SERVICE}/EndOffer",
        f"method without an access row: /{SERVICE}/GetOffer",
        f"access row without a method: /{SERVICE}/Surplus",
    )


async def test_an_unknown_service_stops_the_start() -> None:
    with pytest.raises(StartupError, match=r"no such service: lotse\.none"):
        whole_table([registration({}, "lotse.none")])


@pytest.mark.parametrize(
    "address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.org:0", ":0", "127.0.0.1", "127.0.0.1:x", "::1:5"]
)
async def test_plaintext_binds_loopback_only(settings: ServerSettings, address: str) -> None:
    problems = await start_problems(settings.model_copy(update={"address": address}))
    assert len(problems) == 1
    assert address in problems[0]


async def test_a_port_in_use_stops_the_start(settings: ServerSettings, ground: Ground) -> None:
    problems = await start_problems(settings.model_copy(update={"address": ground.target}))
    assert problems == (f"{ground.target}: the port is in use or may not be taken",)


async def test_a_tokens_file_that_is_missing_open_or_broken_stops_the_start(settings: ServerSettings) -> None:
    settings.tokens_file.chmod(0o640)
    assert "0600" in (await start_problems(settings))[0]
    settings.tokens_file.chmod(0o600)
    settings.tokens_file.write_text('{"tokens": [{"id": 1}]}')
    assert "no tokens file" in (await start_problems(settings))[0]
    settings.tokens_file.unlink()
    assert "missing" in (await start_problems(settings))[0]


async def test_a_revoked_token_and_a_passed_time_count_from_the_next_call(tmp_path: Path) -> None:
    clock = Time()
    async with small_directory(tmp_path, clock) as ground, grpc.aio.insecure_channel(ground.target) as channel:
        fresh = make_token(ground.tokens_file, clock, Role.EDITOR, name="late")
        await raw_call(channel, GET, GOOD, fresh)
        assert revoke_token(ground.tokens_file, fresh.split("_")[1])
        assert not revoke_token(ground.tokens_file, fresh.split("_")[1])
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await raw_call(channel, GET, GOOD, fresh)
        assert rpc_error(caught.value).reason == "TOKEN_INVALID"
        await raw_call(channel, GET, GOOD, ground.tokens["editor"])
        clock.moment += timedelta(days=1)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await raw_call(channel, GET, GOOD, ground.tokens["editor"])
        assert rpc_error(caught.value).reason == "TOKEN_EXPIRED"


async def test_a_tokens_file_that_breaks_lets_nobody_in_until_it_is_mended(tmp_path: Path) -> None:
    async with small_directory(tmp_path) as ground, grpc.aio.insecure_channel(ground.target) as channel:
        whole = ground.tokens_file.read_bytes()
        ground.tokens_file.write_text("{")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await raw_call(channel, GET, GOOD, ground.tokens["editor"])
        assert rpc_error(caught.value).reason == "TOKEN_INVALID"
        ground.tokens_file.write_bytes(whole)
        await raw_call(channel, GET, GOOD, ground.tokens["editor"])


async def test_a_caller_over_its_quota_hears_when_to_come_back_and_others_are_served(tmp_path: Path) -> None:
    quota = QuotaSettings(rate=0.5, burst=3)
    async with small_directory(tmp_path, quota=quota) as ground, grpc.aio.insecure_channel(ground.target) as channel:
        for _ in range(3):
            await raw_call(channel, GET, GOOD, ground.tokens["editor"])
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await raw_call(channel, GET, GOOD, ground.tokens["editor"])
        error = rpc_error(caught.value)
        assert (error.code.name, error.reason) == ("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")
        assert error.retry_seconds is not None
        assert 0 < error.retry_seconds <= 2
        await raw_call(channel, GET, GOOD, ground.tokens["hotline"])
        assert len(ground.servicer.seen) == 4


async def test_more_calls_at_once_than_allowed_are_refused(tmp_path: Path) -> None:
    go_on = asyncio.Event()
    async with (
        small_directory(tmp_path, max_concurrent_rpcs=2) as ground,
        grpc.aio.insecure_channel(ground.target) as channel,
    ):

        async def wait() -> None:
            await go_on.wait()

        ground.servicer.step = wait
        running = [asyncio.create_task(raw_call(channel, GET, GOOD, ground.tokens["editor"])) for _ in range(2)]
        await eventually(lambda: len(ground.servicer.seen) == 2)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await raw_call(channel, GET, GOOD, ground.tokens["editor"])
        assert caught.value.code().name == "RESOURCE_EXHAUSTED"
        go_on.set()
        await asyncio.gather(*running)


async def test_health_needs_no_token_has_an_entry_for_each_service_and_knows_no_others(
    ground: Ground, channel: grpc.aio.Channel
) -> None:
    stub = health_stub(channel)
    for entry in ("", "liveness", "readiness", SERVICE):
        assert (await stub.Check(health_pb2.HealthCheckRequest(service=entry), timeout=5)).status == SERVING
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Check(health_pb2.HealthCheckRequest(service="lotse.none"), timeout=5)
    assert caught.value.code().name == "NOT_FOUND"


async def test_readiness_follows_a_check_and_liveness_does_not(tmp_path: Path) -> None:
    answers: list[Any] = []

    async def database() -> bool:
        answer = answers[-1] if answers else True
        if isinstance(answer, Exception):
            raise answer
        return bool(answer)

    async with (
        small_directory(tmp_path, checks={"database": database}) as ground,
        grpc.aio.insecure_channel(ground.target) as channel,
    ):
        stub = health_stub(channel)

        async def status(entry: str) -> Any:
            return (await stub.Check(health_pb2.HealthCheckRequest(service=entry), timeout=5)).status

        async def ready_is(expected: Any) -> bool:
            return bool(await status(SERVICE) == expected)

        for answer in (False, ConnectionError()):
            answers.append(answer)
            await eventually(lambda: ready_is(NOT_SERVING))
            assert ground.health.problems() == ("database",)
            assert await status("") == NOT_SERVING
            assert await status("liveness") == SERVING
            answers.append(True)
            await eventually(lambda: ready_is(SERVING))
        assert ground.health.problems() == ()
        await ground.health.report("catalog", well=False)
        assert await status("readiness") == NOT_SERVING
        await ground.health.report("catalog", well=True)
        assert await status("readiness") == SERVING


async def test_ending_lets_a_running_call_finish_and_refuses_new_ones(tmp_path: Path) -> None:
    go_on, ending = asyncio.Event(), asyncio.Event()
    statuses: list[Any] = []

    async def life() -> None:
        async with small_directory(tmp_path) as ground:
            grounds.append(ground)
            await ending.wait()

    grounds: list[Ground] = []
    server = asyncio.create_task(life())
    await eventually(lambda: bool(grounds))
    ground = grounds[0]

    async def wait() -> None:
        await go_on.wait()

    async with grpc.aio.insecure_channel(ground.target) as channel:
        watch = health_stub(channel).Watch(health_pb2.HealthCheckRequest(service=SERVICE), timeout=30)
        statuses.append((await watch.read()).status)
        ground.servicer.step = wait
        running = asyncio.create_task(raw_call(channel, GET, GOOD, ground.tokens["editor"], 20.0))
        await eventually(lambda: len(ground.servicer.seen) == 1)
        ending.set()
        statuses.append((await watch.read()).status)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await raw_call(channel, GET, GOOD, ground.tokens["editor"])
        error = rpc_error(caught.value)
        assert (error.code.name, error.reason, error.retry_seconds) == ("UNAVAILABLE", "SHUTTING_DOWN", 1.0)
        assert not running.done()
        go_on.set()
        assert await running
        await asyncio.wait_for(server, 5)
    assert statuses == [SERVING, NOT_SERVING]
    assert len(ground.servicer.seen) == 1


async def test_a_call_that_never_ends_does_not_keep_the_server(tmp_path: Path) -> None:
    cancelled = asyncio.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with asyncio.timeout(10):
        async with small_directory(tmp_path, drain_seconds=0.1) as ground:
            channel = grpc.aio.insecure_channel(ground.target)
            ground.servicer.step = wait
            running = asyncio.create_task(raw_call(channel, GET, GOOD, ground.tokens["editor"], 30.0))
            await eventually(lambda: len(ground.servicer.seen) == 1)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await running
        await cancelled.wait()
        await channel.close()
    assert caught.value.code().name in {"UNAVAILABLE", "CANCELLED"}


@pytest.mark.parametrize("on", [True, False])
async def test_reflection_is_a_setting(tmp_path: Path, on: bool) -> None:
    async with small_directory(tmp_path, reflection=on) as ground, grpc.aio.insecure_channel(ground.target) as channel:
        ask = reflection_pb2.ServerReflectionRequest(list_services="")
        stub: Any = reflection_pb2_grpc.ServerReflectionStub
        call = stub(channel).ServerReflectionInfo(iter([ask]), timeout=5)
        if on:
            names = {service.name for service in (await call.read()).list_services_response.service}
            assert {SERVICE, "grpc.health.v1.Health"} <= names
        else:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call.read()
            assert caught.value.code().name == "UNIMPLEMENTED"


def certificate(folder: Path) -> TlsSettings:
    """Make a self-signed certificate for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return TlsSettings(certificate_file=folder / "cert.pem", key_file=folder / "key.pem")


async def test_with_a_certificate_calls_go_over_tls_and_plaintext_is_not_understood(tmp_path: Path) -> None:
    tls = certificate(tmp_path)
    async with small_directory(tmp_path, tls=tls, address="localhost:0") as ground:
        token = ground.tokens["editor"]
        request = offer_requests_pb2.GetOfferRequest(name="regions/dresden/offers/a")
        async with connect(f"localhost:{ground.port}", token, ca_file=tls.certificate_file) as channel:
            answer = await directory_service_pb2_grpc.DirectoryServiceStub(channel).GetOffer(request)
            assert answer.offer.name == request.name
        async with connect(f"localhost:{ground.port}", token) as channel:
            with pytest.raises(RpcError) as caught:
                await directory_service_pb2_grpc.DirectoryServiceStub(channel).GetOffer(request, timeout=1)
            assert caught.value.code.name in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}


async def test_a_certificate_that_is_missing_stops_the_start(settings: ServerSettings, tmp_path: Path) -> None:
    tls = TlsSettings(certificate_file=tmp_path / "none.pem", key_file=tmp_path / "none.pem")
    problems = await start_problems(settings.model_copy(update={"tls": tls}))
    assert problems == ("the server's certificate or key file cannot be read",)
