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

READY_SECONDS = 300.0
"""OpenSearch needs 10 s alone and minutes on a crowded machine of two cores; a node that ends is noticed at once."""


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


class Stage:
    """The running nodes by region; each can be switched off and on again."""

    def __init__(self, stack: AsyncExitStack, layouts: Mapping[RegionId, NodeLayout]) -> None:
        self._stack = stack
        self._layouts = layouts
        self.actors: dict[RegionId, Actor] = {}

    async def switch_on(self, *regions: RegionId) -> None:
        """Start nodes side by side and wait until each answers; raises ServerStartError with its last words."""
        children = [await self._start(region) for region in regions]
        layouts = [self._layouts[region] for region in regions]
        ready = await asyncio.gather(*(_ready(child, at) for child, at in zip(children, layouts, strict=True)))
        self.actors.update(zip(regions, ready, strict=True))

    async def switch_off(self, *regions: RegionId) -> None:
        """Stop nodes side by side, in order within each."""
        await asyncio.gather(*(self.actors.pop(region).child.stop() for region in regions))

    async def _start(self, region: RegionId) -> Child:
        layout = self._layouts[region]
        layout.addresses.unlink(missing_ok=True)  # of an earlier run that was killed
        spec = ChildSpec(
            name=f"node {region}",
            command=(sys.executable, "-m", "services.node", "--node", str(layout.root)),
            log_path=layout.log("node"),
            cwd=_PROJECT,
            env=dict(os.environ),
            stop_seconds=30.0,
        )
        return await self._stack.enter_async_context(running_child(spec))


@asynccontextmanager
async def running_stage(layouts: Mapping[RegionId, NodeLayout]) -> AsyncIterator[Stage]:
    """Switch all nodes on; leaving switches off those that run. Raises ServerStartError."""
    async with AsyncExitStack() as stack:
        stage = Stage(stack, layouts)
        await stage.switch_on(*layouts)
        try:
            yield stage
        finally:
            # Side by side; the exit stack then has nothing left to wait for.
            await stage.switch_off(*list(stage.actors))


@asynccontextmanager
async def running_nodes(layouts: Mapping[RegionId, NodeLayout]) -> AsyncIterator[dict[RegionId, Actor]]:
    """Run all nodes while the block runs, for those who switch none off. Raises ServerStartError."""
    async with running_stage(layouts) as stage:
        yield stage.actors


async def _ready(child: Child, layout: NodeLayout) -> Actor:
    started = time.perf_counter()

    async def answers() -> bool:
        return bool(layout.read_addresses())

    await child.until_ready(answers, deadline_seconds=READY_SECONDS, advice="`lotse doctor` looks at a node.")
    return Actor(layout, child, layout.read_addresses(), time.perf_counter() - started)
