"""Owns how a call becomes a use case: names belong to this region, writes happen once, pages go on where they ended."""

import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import date
from typing import Any, Protocol, TypeVar

from google.protobuf.message import Message

from services.common.clock import Clock, today_in_saxony
from services.common.errors import AskForTheRight
from services.common.ids import NewId
from services.common.names import RegionId, parse_name, parse_region
from services.common.paging import PageTokens, page_size_of
from services.common.rpc.context import current_call
from services.directory.domain.changes import AnyRecord
from services.directory.domain.listing import Query, parse_order, read_position, write_position
from services.directory.handlers import records
from services.directory.handlers.kinds import Kind
from services.directory.ports import Asked, DirectoryStore, Reading, Work

Answer = TypeVar("Answer", bound=Message)


class WriteRequest(Protocol):
    """What all writing requests have."""

    request_id: str
    validate_only: bool


class Calls:
    """What every method of the service needs."""

    def __init__(
        self, store: DirectoryStore, region: RegionId, clock: Clock, new_id: NewId, tokens: PageTokens
    ) -> None:
        self._store = store
        self._region = region
        self._clock = clock
        self._new_id = new_id
        self._tokens = tokens

    async def write(
        self, request: WriteRequest, answer: type[Answer], effect: Callable[[Work], Awaitable[Answer]]
    ) -> Answer:
        """Run a change in one transaction; a repeat gets the first answer, `validate_only` leaves nothing behind.

        One writer at a time (see the store) means that a repeat which overtakes the first call waits for its answer.
        """
        call = current_call()
        asked = Asked(str(call.caller), call.request_id, call.method, call.content_hash) if call.request_id else None
        async with self._store.transaction(discard=request.validate_only) as store:
            stored = await store.answer_to(asked) if asked else None
            if stored is not None:
                return answer.FromString(stored)
            # The moment is taken once it is our turn, so that times rise in the order of the changes.
            work = Work(store, self._region, self._clock(), call.caller.role, self._new_id)
            result = await effect(work)
            if asked and not request.validate_only:
                await store.keep_answer(asked, result.SerializeToString(), work.moment)
            return result

    def reading(self) -> AbstractAsyncContextManager[Reading]:
        """Look at one moment of the directory."""
        return self._store.reading()

    async def page(self, request: Any, kind: Kind[AnyRecord], query: Query) -> tuple[list[AnyRecord], str]:
        """Give a page of records and the token for the next one; raises PAGE_TOKEN_INVALID."""
        self.own_region(request.parent)
        order, descending = parse_order(request.order_by)
        query = replace(query, order=order, descending=descending, show_deleted=request.show_deleted)
        query = replace(query, size=page_size_of(request.page_size))
        if request.page_token:
            query = replace(query, after=read_position(self.read_token(request), order))
        async with self._store.reading() as store:
            found, position = await records.page(store, kind, query)
        return found, self.write_token(request, write_position(position)) if position else ""

    def today(self) -> date:
        """Say which day it is in Saxony."""
        return today_in_saxony(self._clock())

    def own_region(self, parent: str) -> None:
        """Refuse "regions/{region}" of another region with FOREIGN_REGION, before anybody looks for anything."""
        self._refuse_foreign(parse_region(parent))

    def own_id(self, name: str, kind: Kind[Any], path: str = "name") -> str:
        """Give the id in a name; raises INVALID_FIELD for `path`, FOREIGN_REGION."""
        parsed = parse_name(name, kind.collection, path)
        self._refuse_foreign(parsed.region)
        return parsed.id

    def read_token(self, request: Any) -> Any:
        """Read what `write_token` was given for the same query; raises PAGE_TOKEN_INVALID."""
        return json.loads(self._tokens.read(_query_of(request), request.page_token))

    def write_token(self, request: Any, position: object) -> str:
        """Make the token with which the same caller can go on with the same query."""
        return self._tokens.write(_query_of(request), json.dumps(position).encode())

    def _refuse_foreign(self, region: RegionId) -> None:
        if region != self._region:
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
