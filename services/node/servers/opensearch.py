"""An OpenSearch server of our own, on loopback only, ready when it can really hold an index."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from services.node.servers.child import Child, ChildSpec, running_child
from services.node.servers.opensearch_java import java_command, java_home, write_config
from services.node.servers.ports import LOOPBACK, claim_port, free_port

_READY_SECONDS = 300.0  # 9–11 s on an idle machine, 15–25 s on a busy one
_REQUEST_SECONDS = 10.0
_CREATE_SECONDS = 60.0
_CHECK_INDEX = "lotse-start-check"


@dataclass(frozen=True, slots=True)
class OpenSearchProcess:
    """A server that has answered and can create an index. URL is its address on loopback; it has no login."""

    url: str
    child: Child


@asynccontextmanager
async def running_opensearch(
    home: Path, base: Path, *, port: int | None = None, heap: str = "512m", quick: bool = False
) -> AsyncIterator[OpenSearchProcess]:
    """Run the server installed in HOME; what it stores lies in BASE/data and is found again by the next start.

    BASE belongs to one server at a time. PORT None takes a free one. QUICK is for tests: starts with half the CPU,
    then runs slower. Raises ServerStartError with the log's last lines.
    """
    chosen_port = port or free_port()
    await claim_port(chosen_port, "OpenSearch")
    spec = _spec(home, base, chosen_port, heap=heap, quick=quick)
    async with running_child(spec) as child:
        api = _Api(chosen_port)
        await child.until_ready(api.is_up, deadline_seconds=_READY_SECONDS, advice=_advice(heap))
        await _check_indices(api, child)
        yield OpenSearchProcess(f"http://{LOOPBACK}:{chosen_port}", child)


def _spec(home: Path, base: Path, port: int, *, heap: str, quick: bool) -> ChildSpec:
    """Write the configuration and say how to start with it."""
    home, base, java = home.absolute(), base.absolute(), java_home()
    write_config(base, port, free_port())
    return ChildSpec(
        name="OpenSearch",
        command=java_command(java / "bin" / "java", home, base, heap=heap, quick=quick),
        log_path=base / "opensearch.log",
        # Nothing of our environment: it may hold secrets, and JAVA_TOOL_OPTIONS would change the flags.
        env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "HOME": str(base / "tmp")},
        cwd=base,
        step_down=True,
        owns=(base,),
        reads=(home, java),
    )


def _advice(heap: str) -> str:
    return f"It needs about {heap} of memory for its heap and half as much beside it. On a slow machine try again."


class _Api:
    """The two or three requests the start needs. http.client, because urllib would ask the user's proxy."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def is_up(self) -> bool:
        """True if every index that is there can be searched and written."""
        try:
            status, _ = await self.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")
        except (OSError, HTTPException):
            return False
        return status == 200  # 408 while it is still red, 503 before there is a cluster

    async def request(
        self, method: str, path: str, body: Any = None, seconds: float = _REQUEST_SECONDS
    ) -> tuple[int, Any]:
        """Status and decoded answer. Raises OSError or HTTPException."""
        return await asyncio.to_thread(self._request, method, path, body, seconds)

    def _request(self, method: str, path: str, body: Any, seconds: float) -> tuple[int, Any]:
        connection = HTTPConnection(LOOPBACK, self._port, timeout=seconds)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, None


async def _check_indices(api: _Api, child: Child) -> None:
    """Create an index and drop it, unless there is one already.

    A Java without a Thai word breaker lets the server start happily and then refuses every index, so an answer to
    `health` proves nothing. Where indices exist, `health` did: they were opened.
    """
    try:
        _, health = await api.request("GET", "/_cluster/health")
        if health and health.get("active_primary_shards", 0) > 0:
            return
        settings = {"settings": {"number_of_shards": 1, "number_of_replicas": 0}}
        status, _ = await api.request("PUT", f"/{_CHECK_INDEX}", settings, _CREATE_SECONDS)
        await api.request("DELETE", f"/{_CHECK_INDEX}", None, _CREATE_SECONDS)
    except (OSError, HTTPException) as error:
        raise child.start_error(f"it answered and then fell silent ({type(error).__name__})") from None
    if status != 200:
        advice = "The Java in use may lack parts: unset LOTSE_JAVA_HOME, or run `make setup` again."
        raise child.start_error(f"it runs but cannot create an index (status {status})", advice)
