"""Owns how a call becomes a use case: names belong to this region, writes happen once, pages go on where they ended."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from google.protobuf.message import Message

from services.common.clock import Clock
from services.common.db.requests import RequestKey
from services.common.errors import AskForTheRight, ComeBackLater
from services.common.ids import NewId
from services.common.names import RegionId, parse_name, parse_region
from services.common.paging import PageTokens
from services.common.rpc.context import current_call
from services.notify.ports import NotifyStore, Transaction

Answer = TypeVar("Answer", bound=Message)
Effect = Callable[[Transaction, datetime], Awaitable[Answer]]
"""A change of the store at a moment, and what it answers."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What every method of the service needs; `draining` says that the server is about to end."""

    store: NotifyStore
    region: RegionId
    clock: Clock
    new_id: NewId
    tokens: PageTokens
    draining: Callable[[], bool]

    async def write(self, answer: type[Answer], effect: Effect[Answer]) -> Answer:
        """Run a change in one transaction; a repeat of a request_id gets the first answer."""
        call = current_call()
        key = RequestKey(str(call.caller), call.request_id, call.method, call.content_hash) if call.request_id else None
        async with self.store.transaction() as store:
            stored = await store.answer_to(key) if key else None
            if stored is not None:
                return answer.FromString(stored)
            # The moment is taken once it is our turn, so that times rise in the order of the changes.
            moment = self.clock()
            result = await effect(store, moment)
            if key:
                await store.keep_answer(key, result.SerializeToString(), moment)
            return result

    def own_region(self, parent: str) -> None:
        """Refuse "regions/{region}" of another region with FOREIGN_REGION."""
        self._refuse_foreign(parse_region(parent))

    def own_id(self, name: str, collection: str, path: str = "name") -> str:
        """Give the id in a name; raises INVALID_FIELD for `path`, FOREIGN_REGION."""
        parsed = parse_name(name, collection, path)
        self._refuse_foreign(parsed.region)
        return parsed.id

    def recipient_filter(self, name: str) -> str:
        """Give the id of the recipient that a request is limited to, "" for no limit."""
        return self.own_id(name, "recipients", "recipient") if name else ""

    def place_of(self, request: Any) -> int | None:
        """Read where the page begins; None for the first. Raises PAGE_TOKEN_INVALID."""
        if not request.page_token:
            return None
        return int(json.loads(self.tokens.read(_query_of(request), request.page_token)))

    def token_for(self, request: Any, place: int | None) -> str:
        """Make the token with which the same caller can go on with the same query; "" at the end."""
        return "" if place is None else self.tokens.write(_query_of(request), json.dumps(place).encode())

    def remaining(self) -> Callable[[], float]:
        """Give what tells a stream how long it may stay: until its deadline, and not into the server's end."""
        call = current_call()

        def remaining() -> float:
            if self.draining():
                raise ComeBackLater(
                    "SHUTTING_DOWN", "this server is ending; another replica answers", retry_seconds=1.0
                )
            return call.remaining()

        return remaining

    def _refuse_foreign(self, region: RegionId) -> None:
        if region != self.region:
            raise AskForTheRight("FOREIGN_REGION", "the name belongs to another region")


def _query_of(request: Any) -> bytes:
    """Give what a page token is bound to: caller, method, and the request but for the page itself."""
    query = type(request)()
    query.CopyFrom(request)
    query.ClearField("page_token")
    query.ClearField("page_size")
    call = current_call()
    content: bytes = query.SerializeToString(deterministic=True)
    return f"{call.caller}\n{call.method}\n".encode() + content
