"""The operators' port tells figures, life and readiness, and nothing else."""

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from services.common.rpc.address import parse_address
from services.common.rpc.metrics import CallMetrics
from services.common.rpc.ops import serving_ops
from services.common.settings import StartupError

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_pages_tell_life_readiness_and_figures() -> None:
    registry, problems = CollectorRegistry(), ["database"]
    CallMetrics(registry).count("/a.B/GetOffer", "OK", 0.004)
    async with (
        serving_ops(parse_address("127.0.0.1:0"), registry, [lambda: problems]) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):

        async def page(path: str) -> tuple[int, str]:
            async with session.get(path) as answer:
                return answer.status, await answer.text()

        assert await page("/livez") == (200, "ok\n")
        assert await page("/readyz") == (503, "database\n")
        problems.clear()
        assert await page("/readyz") == (200, "ok\n")
        status, text = await page("/metrics")
        assert status == 200
        assert 'lotse_rpc_calls_total{code="OK",method="/a.B/GetOffer"} 1.0' in text
        assert (await page("/else"))[0] == 404
        with pytest.raises(StartupError, match="in use"):
            async with serving_ops(parse_address(f"127.0.0.1:{port}"), registry, []):
                pass
