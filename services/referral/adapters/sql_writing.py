"""Owns how changes are written: records, log, mail, sealed columns and stored answers in one transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.common.crypto.sealing import new_case_key, seal_at_rest
from services.common.db import outbox, requests
from services.common.db.outbox import OutboxRecord
from services.common.db.requests import RequestKey
from services.common.messaging.relay import HUB, LOCAL
from services.referral.adapters.mailing import change_record, mail_record
from services.referral.adapters.rows import (
    case_values,
    incoming_from,
    line_values,
    outgoing_from,
    outgoing_values,
    person_bytes,
    referral_from,
    referral_values,
)
from services.referral.adapters.sql_reading import PERSON, TEXT, SqlReading, bound_to
from services.referral.adapters.tables import (
    CaseKeyRow,
    CaseRow,
    EarlyRow,
    IncomingRow,
    LogRow,
    OutgoingRow,
    ReferralRow,
    SealedRow,
)
from services.referral.convert.referrals import changed_bytes
from services.referral.domain.case import Case, CaseState
from services.referral.domain.log import LogLine
from services.referral.domain.referral import Referral
from services.referral.domain.transitions import ENDED
from services.referral.domain.values import Person
from services.referral.ports import Asked, Delivery, Incoming, MailKind, Outgoing, Owner

_EVERYTHING = 2**62
"""Above every outbox position."""


class SqlTransaction(SqlReading):
    """A change under way; nobody else writes meanwhile."""

    def __init__(self, session: AsyncSession, epoch: int) -> None:
        super().__init__(session)
        self._epoch = epoch

    async def put_case(self, case: Case) -> None:
        """Store a case; its text is sealed under the case's key."""
        await self._put(CaseRow(**case_values(case)))
        if case.state is not CaseState.ERASED:
            await self._seal(Owner("case", case.id), TEXT, case.intake_text.encode())

    async def put_person(self, owner: Owner, person: Person) -> None:
        """Seal and store the person."""
        await self._seal(owner, PERSON, person_bytes(person))

    async def forget_person(self, owner: Owner) -> None:
        """Delete the sealed person only."""
        await self._delete(SealedRow, owner_kind=owner.kind, owner_id=owner.id, part=PERSON)

    async def erase(self, owner: Owner) -> None:
        """Delete the owner's key and all that was sealed under it; SQLite also blanks where they stood in the file."""
        connection = await self._session.connection()
        if connection.dialect.name == "sqlite":
            await connection.exec_driver_sql("PRAGMA secure_delete=ON")
        await self._delete(SealedRow, owner_kind=owner.kind, owner_id=owner.id)
        await self._delete(CaseKeyRow, owner_kind=owner.kind, owner_id=owner.id)

    async def put_referral(self, referral: Referral) -> None:
        """Store a referral."""
        await self._put(ReferralRow(**referral_values(referral)))

    async def append(self, line: LogLine) -> None:
        """Store an entry of the log; one of that version must not be there."""
        self._session.add(LogRow(**line_values(line)))
        await self._session.flush()

    async def drop_provisional(self, referral_id: str) -> None:
        """Delete the entries that the target's own replace."""
        await self._delete(LogRow, referral_id=referral_id, provisional=True)

    async def outgoing(self, referral_id: str, number: int) -> Outgoing | None:
        """Give a letter of this node."""
        row = await self._session.get(OutgoingRow, (referral_id, number))
        return None if row is None else outgoing_from(row)

    async def put_outgoing(self, letter: Outgoing) -> None:
        """Store a letter of this node."""
        await self._put(OutgoingRow(**outgoing_values(letter)))

    async def due(self, moment: datetime, limit: int) -> list[Outgoing]:
        """Give waiting letters whose next try has come, oldest first."""
        waiting = select(OutgoingRow).where(
            OutgoingRow.delivery == str(Delivery.WAITING), col(OutgoingRow.next_time) <= moment
        )
        rows = await self._session.exec(waiting.order_by(col(OutgoingRow.next_time)).limit(limit))
        return [outgoing_from(row) for row in rows]

    async def incoming(self, sender: str, referral_id: str, number: int) -> Incoming | None:
        """Give what was dealt with."""
        row = await self._session.get(IncomingRow, (sender, referral_id, number))
        return None if row is None else incoming_from(row)

    async def put_incoming(self, letter: Incoming) -> None:
        """Note that a letter was dealt with."""
        names = ("sender", "referral_id", "number", "body_hash", "receipt", "time")
        await self._put(IncomingRow(**{name: getattr(letter, name) for name in names}))

    async def keep_early(self, sender: str, referral_id: str, number: int, body: bytes) -> None:
        """Keep a letter that came before its predecessor."""
        await self._put(EarlyRow(sender=sender, referral_id=referral_id, number=number, body=body))

    async def take_early(self, sender: str, referral_id: str, number: int) -> bytes | None:
        """Take such a letter out again."""
        row = await self._session.get(EarlyRow, (sender, referral_id, number))
        if row is None:
            return None
        await self._session.delete(row)
        await self._session.flush()
        return row.body

    async def send(self, kind: MailKind, to: str, referral_id: str, number: int, body: bytes, moment: datetime) -> None:
        """Put mail into the outbox, in place of the same mail that may still wait there."""
        record = mail_record(self._epoch, kind, to, referral_id, number, body, moment)
        await outbox.forget(self._session, HUB, record.kind, record.record_id, _EVERYTHING)
        await self._publish(record, HUB)

    async def tell(self, referral: Referral, moment: datetime, *, conflict: bool) -> None:
        """Tell the node's other services that a referral has changed."""
        body = changed_bytes(referral, moment, conflict=conflict)
        await self._publish(change_record(self._epoch, referral.id, referral.changes, body, moment), LOCAL)

    async def settled_before(self, moment: datetime, limit: int) -> list[Referral]:
        """Give referrals that ended before the moment and whose person is still here."""
        wanted = select(ReferralRow).where(
            col(ReferralRow.person_here).is_(True),
            col(ReferralRow.update_time) < moment,
            col(ReferralRow.state).in_(sorted(ENDED)),
        )
        rows = await self._session.exec(wanted.order_by(col(ReferralRow.update_time)).limit(limit))
        return [referral_from(row.content) for row in rows]

    async def answer_to(self, asked: Asked) -> bytes | None:
        """Give the answer to a repeat; raises ChooseAnother REQUEST_ID_REUSED."""
        stored = await requests.find(self._session, _key(asked))
        return None if stored is None else stored.answer

    async def keep_answer(self, asked: Asked, answer: bytes, moment: datetime) -> None:
        """Keep the answer for repeats, together with the change."""
        await requests.remember(self._session, _key(asked), answer, moment)

    async def forget_answers(self, before: datetime) -> int:
        """Delete old answers."""
        return await requests.forget_older(self._session, before)

    async def _seal(self, owner: Owner, part: str, content: bytes) -> None:
        key = await self._session.get(CaseKeyRow, (owner.kind, owner.id))
        if key is None:
            key = CaseKeyRow(owner_kind=owner.kind, owner_id=owner.id, secret=new_case_key())
            await self._put(key)
        sealed = seal_at_rest(key.secret, content, bound_to(owner, part))
        await self._put(SealedRow(owner_kind=owner.kind, owner_id=owner.id, part=part, ciphertext=sealed))

    async def _publish(self, record: OutboxRecord, target: str) -> None:
        await self._session.flush()
        await outbox.add(self._session, record, [target])

    async def _put(self, row: SQLModel) -> None:
        await self._session.merge(row)
        await self._session.flush()

    async def _delete(self, table: type[SQLModel], **where: Any) -> None:
        conditions = [getattr(table, name) == value for name, value in where.items()]
        # Rows read earlier must not come back from the session's memory.
        await self._session.exec(delete(table).where(*conditions).execution_options(synchronize_session="fetch"))


def _key(asked: Asked) -> RequestKey:
    return RequestKey(asked.caller, asked.request_id, asked.method, asked.content_hash)
