"""Guarantees the same as the SQL store, without keeping anything: for tests of the use cases.

The contract suite runs over this store and the SQL one and vouches that they agree.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.common.db.outbox import MAX_BODY_BYTES, OutboxRecord
from services.common.errors import ChooseAnother, CorrectTheRequest
from services.directory.adapters.rows import collection_of
from services.directory.convert import offer_entry, partner_entry
from services.directory.domain.changes import AnyRecord, Revision
from services.directory.domain.listing import Position, Query, passes, position_of
from services.directory.domain.offer import Offer
from services.directory.domain.records import Partner, Record, Site
from services.directory.ports import Asked, Reading, Transaction

Key = tuple[str, str]
"""Kind ("offer") and id."""


@dataclass(slots=True)
class _State:
    records: dict[Key, Record] = field(default_factory=dict)
    revisions: dict[Key, list[Revision]] = field(default_factory=dict)
    outbox: list[OutboxRecord] = field(default_factory=list)
    published: dict[Key, tuple[int, bool]] = field(default_factory=dict)
    answers: dict[tuple[str, str], tuple[Asked, bytes, datetime]] = field(default_factory=dict)


class MemoryDirectoryStore:
    """The directory in this process."""

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch
        self._state = _State()
        self._writing = asyncio.Lock()

    @property
    def outbox(self) -> list[OutboxRecord]:
        """Give everything that was published, oldest first."""
        return list(self._state.outbox)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        """Look at one moment of the directory."""
        yield MemoryTransaction(_copy(self._state), self._epoch)

    @asynccontextmanager
    async def transaction(self, *, discard: bool = False) -> AsyncIterator[Transaction]:
        """Change the directory: kept at a normal exit, undone at an error or cancellation, or always with `discard`."""
        async with self._writing:
            state = _copy(self._state)
            yield MemoryTransaction(state, self._epoch)
            if not discard:
                self._state = state


class MemoryTransaction:
    """A copy of the directory that can be read and changed."""

    def __init__(self, state: _State, epoch: int) -> None:
        self._state = state
        self._epoch = epoch

    async def find(self, kind: type[AnyRecord], record_id: str) -> AnyRecord | None:
        """Give a record, also a deleted one; None when there is none."""
        record = self._state.records.get((collection_of(kind), record_id))
        return record if isinstance(record, kind) else None

    async def page(self, kind: type[AnyRecord], query: Query) -> list[AnyRecord]:
        """List records in the query's order; ids break ties."""
        found = sorted(
            (record for record in self._of(kind) if passes(record, query)),
            key=lambda record: _place(position_of(record, query.order)),
            reverse=query.descending,
        )
        if query.after is not None:
            place, forward = _place(query.after), not query.descending
            found = [one for one in found if (_place(position_of(one, query.order)) > place) is forward]
            found = [one for one in found if _place(position_of(one, query.order)) != place]
        return found[: query.size]

    async def live(
        self, kind: type[AnyRecord], *, partner: str = "", site: str = "", parent: str = ""
    ) -> list[AnyRecord]:
        """Give all records that are not deleted and point to this partner, site or parent, by id."""
        wanted = {"partner": partner, "parent": parent}
        found = [
            record
            for record in self._of(kind)
            if record.delete_time is None
            and all(getattr(record, name, "") == value for name, value in wanted.items() if value)
            and (not site or site in getattr(record, "site_names", ()))
        ]
        return sorted(found, key=lambda record: record.id)

    async def revisions(self, kind: type[Record], record_id: str, *, before: int | None, size: int) -> list[Revision]:
        """List a record's changes, newest first, from below revision `before`."""
        history = self._state.revisions.get((collection_of(kind), record_id), [])
        return [one for one in reversed(history) if before is None or one.revision < before][:size]

    async def put(self, record: Record) -> None:
        """Store a record, new or changed."""
        self._state.records[collection_of(type(record)), record.id] = record

    async def note(self, kind: type[Record], record_id: str, revision: Revision) -> None:
        """Keep one change in the record's history."""
        self._state.revisions.setdefault((collection_of(kind), record_id), []).append(revision)

    async def publish_offer(self, offer: Offer, partner: Partner, sites: Sequence[Site], moment: datetime) -> None:
        """Send an offer's whole entry; raises ENTRY_TOO_LARGE."""
        self._publish((collection_of(Offer), offer.id), offer_entry(offer, partner, sites), moment)

    async def publish_partner(self, partner: Partner, sites: Sequence[Site], moment: datetime) -> None:
        """Send a partner's whole entry; raises ENTRY_TOO_LARGE."""
        self._publish((collection_of(Partner), partner.id), partner_entry(partner, sites), moment)

    async def withdraw(self, kind: type[Record], record_id: str, moment: datetime) -> None:
        """Send word that a record is gone; nothing when it was never sent or that was said already."""
        key = collection_of(kind), record_id
        if not self._state.published.get(key, (0, True))[1]:
            self._publish(key, None, moment)

    async def answer_to(self, asked: Asked) -> bytes | None:
        """Give the answer to a repeat; raises ChooseAnother REQUEST_ID_REUSED."""
        stored = self._state.answers.get((asked.caller, asked.request_id))
        if stored is not None and stored[0] != asked:
            raise ChooseAnother("REQUEST_ID_REUSED", "this request_id was used with other content")
        return None if stored is None else stored[1]

    async def keep_answer(self, asked: Asked, answer: bytes, moment: datetime) -> None:
        """Keep the answer for repeats, together with the change."""
        self._state.answers[asked.caller, asked.request_id] = asked, answer, moment

    async def purge(self, moment: datetime, answers_before: datetime) -> int:
        """Remove for good what may vanish by now, and old answers; gives how many records."""
        state = self._state
        gone = {key for key, record in state.records.items() if record.purge_time and record.purge_time <= moment}
        state.records = {key: record for key, record in state.records.items() if key not in gone}
        state.revisions = {key: history for key, history in state.revisions.items() if key not in gone}
        state.answers = {key: stored for key, stored in state.answers.items() if stored[2] >= answers_before}
        return len(gone)

    def _of(self, kind: type[AnyRecord]) -> list[AnyRecord]:
        return [record for record in self._state.records.values() if isinstance(record, kind)]

    def _publish(self, key: Key, body: bytes | None, moment: datetime) -> None:
        if body is not None and len(body) > MAX_BODY_BYTES:
            raise CorrectTheRequest("ENTRY_TOO_LARGE", f"the public entry may have {MAX_BODY_BYTES} bytes")
        revision = self._state.published.get(key, (0, False))[0] + 1
        self._state.published[key] = revision, body is None
        self._state.outbox.append(OutboxRecord(*key, self._epoch, revision, body is None, body or b"", moment))


def _place(position: Position) -> tuple[Any, str]:
    return position.value, position.id


def _copy(state: _State) -> _State:
    """Copy the containers; records are immutable."""
    return _State(
        dict(state.records),
        {key: list(history) for key, history in state.revisions.items()},
        list(state.outbox),
        dict(state.published),
        dict(state.answers),
    )
