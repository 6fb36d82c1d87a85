"""Owns the port for operators: /metrics, /livez and /readyz over HTTP, nothing of the business.

It has no token and no TLS, because scrapers and probes have none: bind it where only they come.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from services.common.rpc.address import ListenAddress
from services.common.settings import StartupError

Problems = Callable[[], Sequence[str]]
"""Names what is not ready, e.g. `health.problems`; nothing: ready."""


@asynccontextmanager
async def serving_ops(
    address: ListenAddress, registry: CollectorRegistry, ready: Sequence[Problems]
) -> AsyncIterator[int]:
    """Serve the operators' pages and yield the port (0 takes a free one); raises StartupError when it is taken."""

    async def livez(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        problems = [problem for ask in ready for problem in ask()]
        return web.Response(status=503 if problems else 200, text="\n".join(problems or ["ok"]) + "\n")

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, address.host, address.port).start()
        except OSError:
            raise StartupError(f"{address}: the operators' port is in use or may not be taken") from None
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
