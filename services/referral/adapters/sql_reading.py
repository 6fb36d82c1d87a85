"""Owns the service's queries, and the opening of what is sealed at rest."""

from typing import Any

from sqlalchemy import literal, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.common.crypto.sealing import open_at_rest
from services.common.db.types import UtcDateTime
from services.referral.adapters.rows import case_from, line_from, person_from, referral_from
from services.referral.adapters.tables import CaseKeyRow, CaseRow, LogRow, ReferralRow, SealedRow
from services.referral.domain.case import Case
from services.referral.domain.log import LogLine
from services.referral.domain.referral import Referral
from services.referral.domain.values import Person, Side
from services.referral.ports import Owner, Position, ReferralQuery

PERSON, TEXT = "person", "text"
"""What is sealed under a case's key."""


class SqlReading:
    """The service's records as one session sees them."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def case(self, case_id: str) -> Case | None:
        """Give a case, also an erased one."""
        row = await self._session.get(CaseRow, case_id)
        return None if row is None else await self._opened(row)

    async def cases(self, after: Position | None, size: int) -> list[Case]:
        """List cases, newest first."""
        rows = await self._session.exec(_newest_first(select(CaseRow), CaseRow, after, size))
        return [await self._opened(row) for row in rows]

    async def person(self, owner: Owner) -> Person | None:
        """Give the person, opened."""
        content = await self._unsealed(owner, PERSON)
        return None if content is None else person_from(content)

    async def referral(self, referral_id: str) -> Referral | None:
        """Give a referral."""
        row = await self._session.get(ReferralRow, referral_id)
        return None if row is None else referral_from(row.content)

    async def referrals(self, query: ReferralQuery) -> list[Referral]:
        """List referrals, newest first."""
        statement = select(ReferralRow)
        if query.side is not Side.UNSPECIFIED:
            statement = statement.where(ReferralRow.side == str(query.side))
        if query.states:
            statement = statement.where(col(ReferralRow.state).in_(sorted(query.states)))
        if query.case_id:
            statement = statement.where(ReferralRow.case_id == query.case_id)
        rows = await self._session.exec(_newest_first(statement, ReferralRow, query.after, query.size))
        return [referral_from(row.content) for row in rows]

    async def log(self, referral_id: str) -> list[LogLine]:
        """Give a referral's entries, oldest first."""
        statement = select(LogRow).where(LogRow.referral_id == referral_id).order_by(col(LogRow.version))
        return [line_from(row) for row in await self._session.exec(statement)]

    async def _opened(self, row: CaseRow) -> Case:
        text = await self._unsealed(Owner("case", row.id), TEXT)
        return case_from(row.content, "" if text is None else text.decode())

    async def _unsealed(self, owner: Owner, part: str) -> bytes | None:
        key = await self._session.get(CaseKeyRow, (owner.kind, owner.id))
        sealed = await self._session.get(SealedRow, (owner.kind, owner.id, part))
        if key is None or sealed is None:
            return None
        return open_at_rest(key.secret, sealed.ciphertext, bound_to(owner, part))


def bound_to(owner: Owner, part: str) -> bytes:
    """Say for which place something is sealed, so that swapped rows do not open."""
    return f"{owner.kind}/{owner.id}/{part}".encode()


def _newest_first(statement: Any, table: Any, after: Position | None, size: int) -> Any:
    if after is not None:
        statement = statement.where(tuple_(table.create_time, table.id) < tuple_(*_bound(table, after)))
    return statement.order_by(table.create_time.desc(), table.id.desc()).limit(size)


def _bound(table: Any, after: Position) -> tuple[Any, Any]:
    """Give the position's parts their column types: inside a tuple SQLAlchemy would not turn the moment to UTC."""
    return literal(after.create_time, UtcDateTime()), literal(after.id, table.id.type)
