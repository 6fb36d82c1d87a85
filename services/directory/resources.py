"""Owns the calls that partners, sites and offers share, written once over their messages' common fields."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic

from google.protobuf.message import Message

from services.directory.calls import Answer, Calls
from services.directory.convert import fields_of, record_of
from services.directory.domain.changes import AnyRecord
from services.directory.domain.listing import Query
from services.directory.handlers import records
from services.directory.handlers.kinds import Kind
from services.directory.ports import Work


@dataclass(frozen=True, slots=True)
class Resource(Generic[AnyRecord]):
    """One kind of record behind its messages: `singular` is the field that holds it ("partner")."""

    calls: Calls
    kind: Kind[AnyRecord]
    singular: str
    message_of: Callable[[AnyRecord], Message]

    async def create(self, request: Any, answer: type[Answer]) -> Answer:
        """Create a record."""
        self.calls.own_region(request.parent)
        draft = record_of(self.kind.kind, getattr(request, self.singular), self.singular)
        record_id = getattr(request, f"{self.singular}_id")

        async def effect(work: Work) -> AnyRecord:
            return await records.create(work, self.kind, record_id, draft, self.singular)

        return await self.changed(request, answer, effect)

    async def get(self, request: Any, answer: type[Answer]) -> Answer:
        """Give a record."""
        record_id = self.calls.own_id(request.name, self.kind)
        async with self.calls.reading() as store:
            return self._answer(answer, await records.get(store, self.kind, record_id))

    async def page(self, request: Any, answer: type[Answer], query: Query) -> Answer:
        """List records."""
        found, token = await self.calls.page(request, self.kind, query)
        messages = [self.message_of(record) for record in found]
        return answer(**{f"{self.singular}s": messages, "next_page_token": token})

    async def update(self, request: Any, answer: type[Answer]) -> Answer:
        """Change a record."""
        message = getattr(request, self.singular)
        self.calls.own_id(message.name, self.kind, f"{self.singular}.name")
        names = fields_of(self.kind.kind, request.update_mask, message)
        change = record_of(self.kind.kind, message, self.singular)

        async def effect(work: Work) -> AnyRecord:
            return await records.update(work, self.kind, change, message.etag, names, self.singular)

        return await self.changed(request, answer, effect)

    async def delete(self, request: Any, answer: type[Answer]) -> Answer:
        """Delete a record."""
        return await self.step(request, answer, lambda work, name, etag: records.delete(work, self.kind, name, etag))

    async def undelete(self, request: Any, answer: type[Answer]) -> Answer:
        """Bring a record back."""
        return await self.step(
            request, answer, lambda work, name, etag: records.undelete(work, self.kind, name, etag, self.singular)
        )

    async def step(
        self, request: Any, answer: type[Answer], use_case: Callable[[Work, str, str], Awaitable[AnyRecord]]
    ) -> Answer:
        """Run a use case that needs no more than a record's id and etag."""
        record_id = self.calls.own_id(request.name, self.kind)
        return await self.changed(request, answer, lambda work: use_case(work, record_id, request.etag))

    async def changed(
        self, request: Any, answer: type[Answer], effect: Callable[[Work], Awaitable[AnyRecord]]
    ) -> Answer:
        """Run a change and answer with the record that it made."""

        async def answered(work: Work) -> Answer:
            return self._answer(answer, await effect(work))

        return await self.calls.write(request, answer, answered)

    def _answer(self, answer: type[Answer], record: AnyRecord) -> Answer:
        return answer(**{self.singular: self.message_of(record)})
