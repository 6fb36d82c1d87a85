"""Runs a node until it is told to stop, and says where it answers: in the terminal and in run/addresses.json."""

import asyncio
import signal
from collections.abc import Coroutine

from rich.console import Console

from services.common.log import configure_logging
from services.node.composition import running_node
from services.node.layout import NodeLayout
from services.node.settings import NodeSettings


async def run_until_told(layout: NodeLayout, settings: NodeSettings) -> None:
    """Run the node until SIGINT or SIGTERM; everything it started is gone afterwards.

    Raises as `running_node`, and StartupError when another process runs it.
    """
    configure_logging(settings.log_level)
    stop = stop_signals()
    with layout.held():
        layout.addresses.unlink(missing_ok=True)  # of an earlier run that was killed
        try:
            await until_told(stop, _run(layout, settings))
        finally:
            layout.addresses.unlink(missing_ok=True)


def stop_signals() -> asyncio.Event:
    """Give an event that SIGINT and SIGTERM set from now on."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def until_told(stop: asyncio.Event, work: Coroutine[object, object, None]) -> bool:
    """Do the work until it ends, or until `stop` is set, wherever it stands: a start may take a minute.

    Either way the work has cleaned up behind itself. True when it came to its own end; raises what it raises.
    """
    working, told = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
        if not working.done():
            working.cancel()
        await asyncio.wait({working})
    if working.cancelled():
        return False
    working.result()
    return True


async def _run(layout: NodeLayout, settings: NodeSettings) -> None:
    async with running_node(layout, settings) as addresses:
        layout.write_addresses(addresses)
        console = Console(soft_wrap=True)
        console.print(f"node {settings.region} is up; Ctrl-C stops it", highlight=False)
        for name, address in addresses.items():
            console.print(f"  {name}: {address}", highlight=False)
        try:
            await asyncio.Event().wait()
        finally:
            # Before anything stops: whoever reads it from now on shall not call.
            layout.addresses.unlink(missing_ok=True)
