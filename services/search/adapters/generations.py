"""Guarantees that a new index takes over in one step: searches never see a half-filled one, changes reach both.

Two aliases: NAME is what searches read; NAME-write is on every index that must receive changes, which is the served
one and, during a rebuild, the new one.
"""

from collections.abc import Sequence
from typing import Any

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import NotFoundError, RequestError

from services.common.ids import NewId
from services.search.adapters.bulk import send_bulk
from services.search.adapters.engine import engine_failures
from services.search.adapters.mapping import FINGERPRINT, index_body, serving_settings
from services.search.adapters.sources import bulk_lines
from services.search.domain.offers import IndexChange
from services.search.ports import RebuildFailed, index_missing

_CREATE_SECONDS = 60
"""Making an index takes 0.1 to 0.3 s, on a machine that is just starting much longer."""


class OpenSearchGenerations:
    """`ports.IndexGenerations` on OpenSearch, and the names behind the aliases for `OpenSearchOfferIndex`."""

    def __init__(self, client: AsyncOpenSearch, name: str, refresh_interval_ms: int, new_id: NewId) -> None:
        self._client = client
        self.read_alias = name
        self._write_alias = f"{name}-write"
        self._refresh_interval_ms = refresh_interval_ms
        self._new_id = new_id

    async def write_targets(self) -> list[str]:
        """Name the indexes that must receive changes; raises IndexMissing when there is none."""
        names = await self._behind(self._write_alias)
        if not names:
            raise index_missing()
        return names

    async def is_current(self) -> bool:
        """Say whether exactly one index is served, takes changes, and has our shape."""
        served, written = await self._behind(self.read_alias), await self._behind(self._write_alias)
        return len(served) == 1 and served[0] in written and has_our_shape(served[0])

    async def begin(self) -> str:
        """Make an empty index and let changes flow into it; drop what earlier rebuilds left behind."""
        served = await self._behind(self.read_alias)
        for unfinished in set(await self._behind(self._write_alias)) - set(served):
            await self.abandon(unfinished)
        # A fresh id at the end: two rebuilds at once must never fill the same index.
        name = f"{self.read_alias}-{FINGERPRINT}-{self._new_id().hex}"
        body = {**index_body(), "aliases": {self._write_alias: {}}}
        with engine_failures():
            await self._client.indices.create(index=name, body=body, request_timeout=_CREATE_SECONDS)
        return name

    def serialise(self, change: IndexChange) -> bytes:
        """Give a change as lines of a bulk request."""
        return bulk_lines(change)

    async def fill(self, name: str, changes: Sequence[bytes]) -> int:
        """Put serialised changes into an index; gives how many it refused for good."""
        return len(await send_bulk(self._client, name, b"".join(changes)))

    async def finish(self, name: str, at_least: int) -> int:
        """Serve it instead of the one before, once it is whole."""
        with engine_failures():
            await self._client.indices.put_settings(index=name, body=serving_settings(self._refresh_interval_ms))
            await self._client.indices.refresh(index=name)
            held = int((await self._client.count(index=name))["count"])
        if held < at_least:
            await self.abandon(name)
            raise RebuildFailed(f"the new index holds {held} of {at_least} records")
        await self._take_over(name)
        return held

    async def abandon(self, name: str) -> None:
        """Drop an index; one that is gone already is no error."""
        with engine_failures():
            await self._client.indices.delete(index=name, ignore_unavailable=True)

    async def _take_over(self, name: str) -> None:
        """Move the reading alias and take the old index out of the writing one, in one call, then drop the old."""
        before = [index for index in await self._behind(self.read_alias) if index != name]
        actions: list[dict[str, Any]] = [{"add": {"index": name, "alias": self.read_alias}}]
        # remove_index is part of the same atomic step: no moment with two indexes, or with none.
        actions += [{"remove_index": {"index": index}} for index in before]
        try:
            with engine_failures():
                await self._client.indices.update_aliases(body={"actions": actions})
        except RequestError as error:
            raise RebuildFailed("another rebuild took over meanwhile") from error

    async def _behind(self, alias: str) -> list[str]:
        """Name the indexes behind an alias."""
        with engine_failures():
            try:
                answer = await self._client.indices.get_alias(name=alias)
            except NotFoundError:
                return []
        return sorted(answer)


def has_our_shape(name: str) -> bool:
    """Say whether an index was made with the fields and settings of this code: its name tells."""
    return f"-{FINGERPRINT}-" in name
