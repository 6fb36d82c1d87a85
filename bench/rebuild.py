"""Measures what a rebuild costs: ours, from the search database, beside raw `_bulk` requests of the same documents.

The raw ones were serialised beforehand and go one after the other into an index of the same shape, by aiohttp. Both
take turns, with refresh off and no replicas; figures are documents per second.
"""

import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from bench.search_offers import fill_inbox, running_search
from services.search.adapters.engine import connect_engine
from services.search.adapters.mapping import index_body
from services.search.adapters.sources import bulk_lines
from services.search.adapters.sql import SqlEntryStore
from services.search.convert.entries import stored_document
from services.search.domain.offers import IndexChange
from services.search.reindex import PAGE

ROUNDS = 3


async def run(size: int = 20_000) -> dict[str, Any]:
    """Rebuild an index of so many offers, three times each way."""
    with tempfile.TemporaryDirectory() as name:
        async with running_search(Path(name)) as (service, settings, _):
            store = SqlEntryStore(service.database)
            await fill_inbox(store, size)
            pages = [page async for page in raw_pages(store)]
            ours: list[float] = []
            raw: list[float] = []
            for _ in range(ROUNDS):
                raw.append(await _raw(settings.opensearch_url, pages))
                start = time.perf_counter()
                rebuilt = await service.keeper.rebuild()
                ours.append(time.perf_counter() - start)
                assert rebuilt.records == size
    return {
        "offers": size,
        "mean_document_bytes": round(sum(map(len, pages)) / size),
        "rebuild_per_second": round(size / statistics.median(ours)),
        "raw_bulk_per_second": round(size / statistics.median(raw)),
        "ratio": round(statistics.median(raw) / statistics.median(ours), 3),
    }


async def raw_pages(store: SqlEntryStore) -> Any:
    """Make the bodies of all bulk requests."""
    async for page in store.pages(PAGE):
        yield b"".join(
            bulk_lines(IndexChange(entry.key, entry.version, stored_document(entry.key, entry.body, ())))
            for entry in page
        )


async def _raw(url: str, pages: list[bytes]) -> float:
    """Fill a fresh index and make it searchable, as the rebuild does; gives the seconds."""
    async with connect_engine(url, 60) as client, aiohttp.ClientSession() as session:
        start = time.perf_counter()
        await client.indices.create(index="raw", body=index_body(), request_timeout=60)
        for body in pages:
            async with session.post(
                f"{url}/raw/_bulk?filter_path=errors", data=body, headers={"Content-Type": "application/x-ndjson"}
            ) as answer:
                assert (await answer.json())["errors"] is False
        await client.indices.refresh(index="raw")
        seconds = time.perf_counter() - start
        await client.indices.delete(index="raw")
    return seconds


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run()), indent=1))
