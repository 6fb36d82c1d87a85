"""The store in memory, for tests of the rules; the contract suite vouches that it behaves as the SQL one does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.common.db.outbox import OutboxRecord
from services.common.errors import ChooseAnother
from services.referral.adapters.mailing import change_record, mail_record
from services.referral.convert.referrals import changed_bytes
from services.referral.domain.case import Case
from services.referral.domain.log import LogLine
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import ENDED
from services.referral.domain.values import Person, Side
from services.referral.ports import (
    Asked,
    Delivery,
    Incoming,
    MailKind,
    Outgoing,
    Owner,
    Position,
    Reading,
    ReferralQuery,
    Transaction,
)


@dataclass
class _Shelves:
    """All that is kept; immutable things in dictionaries, so that a shallow copy is a snapshot."""

    cases: dict[str, Case] = field(default_factory=dict)
    persons: dict[Owner, Person] = field(default_factory=dict)
    referrals: dict[str, Referral] = field(default_factory=dict)
    lines: dict[tuple[str, int], LogLine] = field(default_factory=dict)
    outgoing: dict[tuple[str, int], Outgoing] = field(default_factory=dict)
    incoming: dict[tuple[str, str, int], Incoming] = field(default_factory=dict)
    early: dict[tuple[str, str, int], bytes] = field(default_factory=dict)
    outbox: dict[tuple[str, str, str], OutboxRecord] = field(default_factory=dict)
    answers: dict[tuple[str, str], tuple[Asked, bytes, datetime]] = field(default_factory=dict)

    def copied(self) -> "_Shelves":
        return _Shelves(**{name: dict(shelf) for name, shelf in vars(self).items()})


class MemoryReading:
    """The records at one moment."""

    def __init__(self, shelves: _Shelves) -> None:
        self._shelves = shelves

    async def case(self, case_id: str) -> Case | None:
        """Give a case."""
        return self._shelves.cases.get(case_id)

    async def cases(self, after: Position | None, size: int) -> list[Case]:
        """List cases, newest first."""
        return _page(list(self._shelves.cases.values()), after, size)

    async def person(self, owner: Owner) -> Person | None:
        """Give the person."""
        return self._shelves.persons.get(owner)

    async def referral(self, referral_id: str) -> Referral | None:
        """Give a referral."""
        return self._shelves.referrals.get(referral_id)

    async def referrals(self, query: ReferralQuery) -> list[Referral]:
        """List referrals, newest first."""
        found = [
            one
            for one in self._shelves.referrals.values()
            if query.side in {Side.UNSPECIFIED, one.side}
            and (not query.states or one.state in query.states)
            and query.case_id in {"", one.case_id}
        ]
        return _page(found, query.after, query.size)

    async def log(self, referral_id: str) -> list[LogLine]:
        """Give a referral's entries."""
        return [line for (owner, _), line in sorted(self._shelves.lines.items()) if owner == referral_id]


class MemoryTransaction(MemoryReading):
    """A change under way."""

    def __init__(self, shelves: _Shelves, epoch: int) -> None:
        super().__init__(shelves)
        self._epoch = epoch

    async def put_case(self, case: Case) -> None:
        """Store a case."""
        self._shelves.cases[case.id] = case

    async def put_person(self, owner: Owner, person: Person) -> None:
        """Store the person."""
        self._shelves.persons[owner] = person

    async def forget_person(self, owner: Owner) -> None:
        """Delete the person."""
        self._shelves.persons.pop(owner, None)

    async def erase(self, owner: Owner) -> None:
        """Delete all that is the owner's: the case's text too, which in SQL goes with the key."""
        await self.forget_person(owner)
        case = self._shelves.cases.get(owner.id) if owner.kind == "case" else None
        if case is not None:
            self._shelves.cases[case.id] = replace(case, intake_text="")

    async def put_referral(self, referral: Referral) -> None:
        """Store a referral."""
        self._shelves.referrals[referral.id] = referral

    async def append(self, line: LogLine) -> None:
        """Store an entry."""
        self._shelves.lines[line.entry.referral_id, line.entry.version] = line

    async def drop_provisional(self, referral_id: str) -> None:
        """Delete provisional entries."""
        for key, line in list(self._shelves.lines.items()):
            if key[0] == referral_id and line.provisional:
                del self._shelves.lines[key]

    async def outgoing(self, referral_id: str, number: int) -> Outgoing | None:
        """Give a letter of this node."""
        return self._shelves.outgoing.get((referral_id, number))

    async def put_outgoing(self, letter: Outgoing) -> None:
        """Store a letter of this node."""
        self._shelves.outgoing[letter.referral_id, letter.number] = letter

    async def due(self, moment: datetime, limit: int) -> list[Outgoing]:
        """Give waiting letters whose next try has come."""
        waiting = [one for one in self._shelves.outgoing.values() if one.delivery is Delivery.WAITING]
        due = sorted((one for one in waiting if one.next_time <= moment), key=lambda one: one.next_time)
        return due[:limit]

    async def incoming(self, sender: str, referral_id: str, number: int) -> Incoming | None:
        """Give what was dealt with."""
        return self._shelves.incoming.get((sender, referral_id, number))

    async def put_incoming(self, letter: Incoming) -> None:
        """Note what was dealt with."""
        self._shelves.incoming[letter.sender, letter.referral_id, letter.number] = letter

    async def keep_early(self, sender: str, referral_id: str, number: int, body: bytes) -> None:
        """Keep an early letter."""
        self._shelves.early[sender, referral_id, number] = body

    async def take_early(self, sender: str, referral_id: str, number: int) -> bytes | None:
        """Take an early letter out."""
        return self._shelves.early.pop((sender, referral_id, number), None)

    async def send(self, kind: MailKind, to: str, referral_id: str, number: int, body: bytes, moment: datetime) -> None:
        """Put mail into the outbox."""
        self._publish("hub", mail_record(self._epoch, kind, to, referral_id, number, body, moment))

    async def tell(self, referral: Referral, moment: datetime, *, conflict: bool) -> None:
        """Tell of a change."""
        body = changed_bytes(referral, moment, conflict=conflict)
        self._publish("local", change_record(self._epoch, referral.id, referral.changes, body, moment))

    async def settled_before(self, moment: datetime, limit: int) -> list[Referral]:
        """Give ended referrals whose person is still here."""
        here = [one for one in self._shelves.referrals.values() if one.side is Side.TARGET and one.person_released]
        ended = [one for one in here if one.state in ENDED and one.update_time < moment]
        return sorted(ended, key=lambda one: one.update_time)[:limit]

    async def answer_to(self, asked: Asked) -> bytes | None:
        """Give the answer to a repeat."""
        stored = self._shelves.answers.get((asked.caller, asked.request_id))
        if stored is None:
            return None
        if stored[0] != asked:
            raise ChooseAnother("REQUEST_ID_REUSED", "this request_id was used with other content")
        return stored[1]

    async def keep_answer(self, asked: Asked, answer: bytes, moment: datetime) -> None:
        """Keep the answer."""
        self._shelves.answers[asked.caller, asked.request_id] = (asked, answer, moment)

    async def forget_answers(self, before: datetime) -> int:
        """Delete old answers."""
        old = [key for key, (_, _, moment) in self._shelves.answers.items() if moment < before]
        for key in old:
            del self._shelves.answers[key]
        return len(old)

    def _publish(self, target: str, record: OutboxRecord) -> None:
        key = (target, record.kind, record.record_id)
        self._shelves.outbox.pop(key, None)
        self._shelves.outbox[key] = record


class MemoryReferralStore:
    """Cases and referrals in memory; `take_outbox` stands in for the relays."""

    def __init__(self, epoch: int = 1) -> None:
        self._shelves = _Shelves()
        self._epoch = epoch

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        """Look at one moment."""
        yield MemoryReading(self._shelves.copied())

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Change: kept at a normal exit only."""
        fresh = self._shelves.copied()
        yield MemoryTransaction(fresh, self._epoch)
        self._shelves = fresh

    def take_outbox(self, target: str) -> list[OutboxRecord]:
        """Give and forget what waits for a target, oldest first."""
        taken = {key: record for key, record in self._shelves.outbox.items() if key[0] == target}
        for key in taken:
            del self._shelves.outbox[key]
        return list(taken.values())


def _page(records: list[Any], after: Position | None, size: int) -> list[Any]:
    ordered = sorted(records, key=lambda one: (one.create_time, one.id), reverse=True)
    if after is not None:
        ordered = [one for one in ordered if (one.create_time, one.id) < (after.create_time, after.id)]
    return ordered[:size]
