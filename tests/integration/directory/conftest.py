"""A whole directory service on a real database, and clients with tokens of every role."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from services.common.clock import utc_now
from services.common.names import RegionId
from services.common.rpc.auth import create_token
from services.common.rpc.callers import Role
from services.common.rpc.client import connect
from services.common.rpc.server import QuotaSettings, ServerSettings
from services.directory.app import RunningDirectory, running
from services.directory.settings import DirectorySettings
from tests.integration.directory.client import Client, TokenMaker
from tests.integration.directory.records import REGION


@pytest.fixture
def new_token(tmp_path: Path) -> TokenMaker:
    def make(role: Role = Role.EDITOR, region: str = REGION, name: str = "console") -> str:
        lifetime = timedelta(hours=1)
        path = tmp_path / "tokens.json"
        return create_token(path, utc_now, region=RegionId(region), role=role, name=name, lifetime=lifetime)

    return make


@pytest.fixture
def directory_settings(database_url: str, tmp_path: Path, new_token: TokenMaker) -> DirectorySettings:
    new_token()  # makes the file
    return DirectorySettings(
        region=REGION,
        server=ServerSettings(tokens_file=tmp_path / "tokens.json", quota=QuotaSettings(rate=10_000, burst=10_000)),
        directory_database_url=database_url,
    )


@pytest_asyncio.fixture(loop_scope="session")
async def directory(directory_settings: DirectorySettings) -> AsyncIterator[RunningDirectory]:
    async with running(directory_settings) as service:
        yield service


@pytest_asyncio.fixture(loop_scope="session")
async def client_of(
    directory: RunningDirectory, new_token: TokenMaker
) -> AsyncIterator[Callable[..., Awaitable[Client]]]:
    async with AsyncExitStack() as stack:

        async def make(role: Role = Role.EDITOR, region: str = REGION, name: str = "console") -> Client:
            target = f"127.0.0.1:{directory.port}"
            return Client(await stack.enter_async_context(connect(target, new_token(role, region, name))))

        yield make


@pytest_asyncio.fixture(loop_scope="session")
async def editor(client_of: Callable[..., Awaitable[Client]]) -> Client:
    return await client_of()
