"""One small directory for all tests of the pipeline; those that end or limit a server start their own."""

from collections.abc import AsyncIterator, Iterator

import grpc
import pytest
import pytest_asyncio

from tests.integration.common.rpc.small_directory import Ground, small_directory


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    async with small_directory(tmp_path_factory.mktemp("rpc")) as ground:
        yield ground


@pytest.fixture
def ground(shared_ground: Ground) -> Iterator[Ground]:
    shared_ground.servicer.forget()
    yield shared_ground
    shared_ground.servicer.forget()


@pytest_asyncio.fixture(loop_scope="session")
async def channel(ground: Ground) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(ground.target) as channel:
        yield channel
