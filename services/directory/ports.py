"""Owns what the use cases need of a store: one writer at a time, and all of a change or nothing.

Every method may raise ComeBackLater DATABASE_UNAVAILABLE. A record handed out is immutable; a change is put back whole.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.common.ids import NewId
from services.common.names import RegionId
from services.directory.domain.changes import AnyRecord, Revision
from services.directory.domain.listing import Query
from services.directory.domain.offer import Offer
from services.directory.domain.records import Partner, Record, Site


@dataclass(frozen=True, slots=True)
class Asked:
    """A write that can be repeated without harm: who asked, under which UUID, which method, with what content."""

    caller: str
    request_id: str
    method: str
    content_hash: bytes


class Reading(Protocol):
    """The directory at one moment."""

    async def find(self, kind: type[AnyRecord], record_id: str) -> AnyRecord | None:
        """Give a record, also a deleted one; None when there is none or it was purged."""

    async def page(self, kind: type[AnyRecord], query: Query) -> list[AnyRecord]:
        """List the records that `listing.passes`, in the query's order, from behind `query.after`."""

    async def live(
        self, kind: type[AnyRecord], *, partner: str = "", site: str = "", parent: str = ""
    ) -> list[AnyRecord]:
        """Give all records that are not deleted and point to this partner, site or parent, by id."""

    async def revisions(self, kind: type[Record], record_id: str, *, before: int | None, size: int) -> list[Revision]:
        """List a record's changes, newest first, from below revision `before`."""


class Transaction(Reading, Protocol):
    """A change under way. Nobody else writes meanwhile, so what was read stays true until the end."""

    async def put(self, record: Record) -> None:
        """Store a record, new or changed."""

    async def note(self, kind: type[Record], record_id: str, revision: Revision) -> None:
        """Keep one change in the record's history."""

    async def publish_offer(self, offer: Offer, partner: Partner, sites: Sequence[Site], moment: datetime) -> None:
        """Send an offer's whole entry to hub and own broker; raises ENTRY_TOO_LARGE. Counts up its version."""

    async def publish_partner(self, partner: Partner, sites: Sequence[Site], moment: datetime) -> None:
        """Send a partner's whole entry; raises ENTRY_TOO_LARGE. Counts up its version."""

    async def withdraw(self, kind: type[Record], record_id: str, moment: datetime) -> None:
        """Send word that a record is gone; nothing when it was never sent or that was said already."""

    async def answer_to(self, asked: Asked) -> bytes | None:
        """Give the answer to a repeat; None for the first time. Raises ChooseAnother REQUEST_ID_REUSED."""

    async def keep_answer(self, asked: Asked, answer: bytes, moment: datetime) -> None:
        """Keep the answer for repeats, together with the change."""

    async def purge(self, moment: datetime, answers_before: datetime) -> int:
        """Remove for good what may vanish by now, and old answers; gives how many records. Versions count on."""


class DirectoryStore(Protocol):
    """Where the directory is kept."""

    def reading(self) -> AbstractAsyncContextManager[Reading]:
        """Look at one moment of the directory."""

    def transaction(self, *, discard: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """Change the directory: kept at a normal exit, undone at an error or cancellation, or always with `discard`."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a use case that writes is given: the transaction, this node's region, the moment, and who asks."""

    store: Transaction
    region: RegionId
    moment: datetime
    role: str
    new_id: NewId
