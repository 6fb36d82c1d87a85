"""One bulk request: bytes in, and out of its answer only what must be acted on."""

from collections.abc import Mapping
from typing import Any

from opensearchpy import AsyncOpenSearch

from services.search.adapters.engine import engine_failures, engine_unavailable, is_passing
from services.search.domain.offers import OfferKey, parse_key
from services.search.ports import index_missing

_STALE = 409
"""What the engine answers when it has this version or a higher one: all is well."""
_NEEDED = ["errors", "items.*.status", "items.*._id"]


async def send_bulk(client: AsyncOpenSearch, index: str, body: bytes) -> list[OfferKey]:
    """Put serialised changes into an index; gives the offers that can never be indexed.

    Raises IndexMissing, and ComeBackLater when any of them may succeed later: sending all again is harmless.
    """
    with engine_failures():
        answer = await client.bulk(body=body, index=index, filter_path=_NEEDED)
    return _refused(answer) if answer["errors"] else []


def _refused(answer: Mapping[str, Any]) -> list[OfferKey]:
    results = [next(iter(item.values())) for item in answer["items"]]
    statuses = {result["status"] for result in results}
    if 404 in statuses:
        raise index_missing()
    if any(map(is_passing, statuses)):
        raise engine_unavailable()
    return [parse_key(result["_id"]) for result in results if result["status"] >= 400 and result["status"] != _STALE]
