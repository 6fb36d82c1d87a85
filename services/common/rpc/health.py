"""Guarantees that health tells the truth: one entry for each service, and none goes back to SERVING in a drain.

Entries: "" , "readiness" and each service follow the checks; "liveness" is SERVING as long as the process answers,
so that a missing database never makes Kubernetes kill a process that would recover by itself.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import grpc
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as grpc_health

Check = Callable[[], Awaitable[bool]]
"""Says whether something that a service needs is there (database, broker); an error or 2 s of silence mean no."""

FAILURES_UNTIL_OFF = 3
SUCCESSES_UNTIL_ON = 2
CHECK_SECONDS = 2.0

_log = structlog.get_logger()


class Health:
    """The health of one server; readiness needs everything that was reported to be well."""

    def __init__(self) -> None:
        self._servicer = grpc_health.HealthServicer()
        self._entries: list[str] = ["", "readiness"]
        self._unwell = {"starting"}

    def problems(self) -> tuple[str, ...]:
        """Name what keeps the server from being ready; empty when it is."""
        return tuple(sorted(self._unwell))

    def add_to(self, server: grpc.aio.Server, services: Sequence[str]) -> None:
        """Offer grpc.health.v1.Health on the server, with an entry for each of its services."""
        self._entries.extend(services)
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def report(self, part: str, well: bool) -> None:
        """Say that a part is well or not, e.g. ("catalog", False) when a consumer has stopped."""
        if well == (part not in self._unwell):
            return
        _log.info("health.changed", part=part, well=well)
        (self._unwell.discard if well else self._unwell.add)(part)
        await self._publish()

    async def start(self) -> None:
        """Say that the server listens."""
        await self._servicer.set("liveness", health_pb2.HealthCheckResponse.SERVING)
        self._unwell.discard("starting")
        await self._publish()

    async def drain(self) -> None:
        """Turn every entry to NOT_SERVING, for good."""
        self._unwell.add("draining")
        await self._servicer.enter_graceful_shutdown()

    @asynccontextmanager
    async def watching(self, checks: Mapping[str, Check], period_seconds: float) -> AsyncIterator[None]:
        """Ask the checks again and again: three refusals in a row turn readiness off, two answers turn it on."""
        task = asyncio.create_task(self._watch(checks, period_seconds), name="health") if checks else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                await asyncio.wait([task])

    async def _watch(self, checks: Mapping[str, Check], period_seconds: float) -> None:
        runs = dict.fromkeys(checks, 0)
        while True:
            answers = await asyncio.gather(*(_ask(check) for check in checks.values()), return_exceptions=True)
            for part, answer in zip(checks, answers, strict=True):
                well = answer is True
                # The run counts up while well and down while not; it begins anew at each change.
                runs[part] = max(runs[part], 0) + 1 if well else min(runs[part], 0) - 1
                if runs[part] in {SUCCESSES_UNTIL_ON, -FAILURES_UNTIL_OFF}:
                    await self.report(part, well)
            await asyncio.sleep(period_seconds)

    async def _publish(self) -> None:
        answer = health_pb2.HealthCheckResponse
        for entry in self._entries:
            await self._servicer.set(entry, answer.NOT_SERVING if self._unwell else answer.SERVING)


async def _ask(check: Check) -> bool:
    async with asyncio.timeout(CHECK_SECONDS):
        return await check()
