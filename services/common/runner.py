"""Runs one service as a process of its own: settings, logs, then the service; a bad start is said in words."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, Self, TypeVar

from services.common.log import configure_logging
from services.common.settings import StartupError


class ServiceSettings(Protocol):
    """What a service's settings have for this."""

    @classmethod
    def load(cls) -> Self:
        """Read them; raises StartupError."""

    @property
    def log_level(self) -> str:
        """Least level of what is logged."""


S = TypeVar("S", bound=ServiceSettings)


def run_service(settings_class: type[S], run: Callable[[S], Awaitable[None]]) -> int:
    """Run until the service ends and give the exit code: 0, or 2 with everything that is wrong on standard error."""

    async def service(settings: S) -> Any:
        await run(settings)

    try:
        settings = settings_class.load()
        configure_logging(settings.log_level)
        asyncio.run(service(settings))
    except StartupError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0
