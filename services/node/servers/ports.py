"""Free ports on loopback, and a clear word when a wanted one is taken."""

import asyncio
import os
import random
import socket
import sys
from collections import deque
from pathlib import Path

from services.node.servers.errors import ServerStartError

LOOPBACK = "127.0.0.1"

# Below the kernel's range for outgoing connections (32768 and up on Linux) and above the well-known services. A server
# may bind its port seconds after we chose it; in the kernel's range any connection on the machine could take it first.
_LOWEST, _HIGHEST = 20_000, 31_999
_TRIES = 200

_MOST_DRAWN = 128
_drawn: deque[int] = deque()
"""Open files that tell other processes which ports were drawn here, until this one ends or has drawn many more: two
demos that start together draw thirty each, long before their servers listen."""


def free_port(choice: random.Random | None = None) -> int:
    """A port on loopback that nobody listens on now, and that no other process of ours has just drawn.

    CHOICE draws it (default: the system's). Raises OSError when none is left.
    """
    draw = choice or random.SystemRandom()
    for _ in range(_TRIES):
        port = draw.randint(_LOWEST, _HIGHEST)
        if is_free(port) and _claimed(port):
            return port
    raise OSError(f"no free port between {_LOWEST} and {_HIGHEST}")


def _claimed(port: int) -> bool:
    """Take the port's name, which one process of a network namespace can have, and the kernel frees with its end."""
    if sys.platform != "linux":
        return True
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0lotse-port-{port}")  # abstract: no file is left
    except OSError:
        name.close()
        return False
    _drawn.append(name.detach())
    if len(_drawn) > _MOST_DRAWN:
        os.close(_drawn.popleft())
    return True


def is_free(port: int) -> bool:
    """True if a server could listen on PORT of loopback now."""
    with socket.socket() as probe:
        # As servers do it: a connection of an earlier run in TIME_WAIT is no hindrance, a listener is.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


async def claim_port(port: int, server: str, log_path: Path | None = None, grace_seconds: float = 3.0) -> None:
    """Wait until PORT is free; raises ServerStartError if it stays taken.

    The grace is for our own predecessor: killed by kill -9, its servers are ended by the kernel a moment after it.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + grace_seconds
    while not is_free(port):
        if loop.time() > deadline:
            raise ServerStartError(
                server,
                f"port {port} is in use",
                f"Stop what listens there (`ss -ltnp sport = :{port}` names it) or choose another port.",
                log_path,
            )
        await asyncio.sleep(0.05)
