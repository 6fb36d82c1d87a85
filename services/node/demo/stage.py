"""Puts the nodes of the demo on: one process each, with their servers below them, all gone when the demo ends."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.common.names import RegionId
from services.node.cli.target import Target, find_target
from services.node.layout import NodeLayout
from services.node.servers.child import Child, ChildSpec, running_child

_PROJECT = Path(__file__).resolve().parents[3]

READY_SECONDS = 120.0
"""OpenSearch needs 10 s alone and up to 60 s on a busy machine of two cores (search-engine.md)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One running node."""

    layout: NodeLayout
    child: Child
    addresses: Mapping[str, str]
    start_seconds: float

    def target(self, service: str, role: str) -> Target:
        """Say how to call one of its services in a role."""
        return find_target(service, role, self.layout.root)


@asynccontextmanager
async def running_nodes(layouts: Mapping[RegionId, NodeLayout]) -> AsyncIterator[dict[RegionId, Actor]]:
    """Start all nodes at once and yield them when each answers; leaving stops them in order.

    Raises ServerStartError with the node's own last words when one does not come up.
    """
    async with AsyncExitStack() as stack:
        starts = [_start(stack, region, layout) for region, layout in layouts.items()]
        children = [await start for start in starts]
        ready = await asyncio.gather(
            *(_ready(child, layout) for child, layout in zip(children, layouts.values(), strict=True))
        )
        try:
            yield dict(zip(layouts, ready, strict=True))
        finally:
            # Side by side; the exit stack then has nothing left to wait for.
            await asyncio.gather(*(child.stop() for child in children))


async def _start(stack: AsyncExitStack, region: RegionId, layout: NodeLayout) -> Child:
    layout.addresses.unlink(missing_ok=True)  # of an earlier run that was killed
    spec = ChildSpec(
        name=f"node {region}",
        command=(sys.executable, "-m", "services.node", "--node", str(layout.root)),
        log_path=layout.log("node"),
        cwd=_PROJECT,
        env=dict(os.environ),
        stop_seconds=30.0,
    )
    return await stack.enter_async_context(running_child(spec))


async def _ready(child: Child, layout: NodeLayout) -> Actor:
    started = time.perf_counter()

    async def answers() -> bool:
        return bool(layout.read_addresses())

    await child.until_ready(answers, deadline_seconds=READY_SECONDS, advice="`lotse doctor` looks at a node.")
    return Actor(layout, child, layout.read_addresses(), time.perf_counter() - started)
