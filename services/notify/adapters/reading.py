"""Reads recipients, notifications and deliveries in SQL, the same on SQLite and PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, Executable, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notify.adapters.rows import (
    DELIVERY,
    NOTIFICATION,
    RECIPIENT,
    delivery_from,
    notification_from,
    recipient_from,
)
from services.notify.domain.records import Channel, Delivery, DeliveryState, Notification, Recipient


class SqlReading:
    """`ports.Reading` over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def recipient(self, recipient_id: str) -> Recipient | None:
        """Find one recipient."""
        row = (await self._run(select(RECIPIENT).where(RECIPIENT.c.id == recipient_id))).one_or_none()
        return None if row is None else recipient_from(row)

    async def recipients(self, limit: int) -> list[Recipient]:
        """List recipients by id."""
        rows = await self._run(select(RECIPIENT).order_by(RECIPIENT.c.id).limit(limit))
        return [recipient_from(row) for row in rows]

    async def notification(self, notification_id: str) -> Notification | None:
        """Find one notification."""
        row = (await self._run(select(NOTIFICATION).where(NOTIFICATION.c.id == notification_id))).one_or_none()
        return None if row is None else notification_from(row)

    async def notifications(
        self, size: int, *, recipient: str = "", open_only: bool = False, before: int | None = None
    ) -> list[Notification]:
        """List what stands in the inbox, newest first, from below `before`."""
        wanted = _inbox(recipient, open_only=open_only).order_by(NOTIFICATION.c.seq.desc())
        if before is not None:
            wanted = wanted.where(NOTIFICATION.c.seq < before)
        return [notification_from(row) for row in await self._run(wanted.limit(size))]

    async def arrivals(
        self, size: int, after: int, *, recipient: str = "", open_until: int | None = None
    ) -> list[Notification]:
        """List what stands in the inbox, oldest first, from above `after`."""
        wanted = _inbox(recipient, open_only=open_until is not None).order_by(NOTIFICATION.c.seq)
        wanted = wanted.where(NOTIFICATION.c.seq > after)
        if open_until is not None:
            wanted = wanted.where(NOTIFICATION.c.seq <= open_until)
        return [notification_from(row) for row in await self._run(wanted.limit(size))]

    async def head(self) -> int:
        """Give the highest place of a notification."""
        return int((await self._run(select(func.coalesce(func.max(NOTIFICATION.c.seq), 0)))).scalar_one())

    async def delivery(self, delivery_id: str) -> Delivery | None:
        """Find one delivery."""
        row = (await self._run(select(DELIVERY).where(DELIVERY.c.id == delivery_id))).one_or_none()
        return None if row is None else delivery_from(row)

    async def deliveries(
        self, size: int, *, states: Sequence[DeliveryState] = (), before: int | None = None
    ) -> list[Delivery]:
        """List deliveries, newest first, from below `before`."""
        wanted = select(DELIVERY).order_by(DELIVERY.c.seq.desc()).limit(size)
        if states:
            wanted = wanted.where(DELIVERY.c.state.in_([str(state) for state in states]))
        if before is not None:
            wanted = wanted.where(DELIVERY.c.seq < before)
        return [delivery_from(row) for row in await self._run(wanted)]

    async def due(self, moment: datetime, limit: int) -> list[Delivery]:
        """List mails to be tried by then, longest waiting first."""
        wanted = select(DELIVERY).where(
            DELIVERY.c.state == str(DeliveryState.PENDING),
            DELIVERY.c.channel == str(Channel.MAIL),
            DELIVERY.c.next_time <= moment,
        )
        rows = await self._run(wanted.order_by(DELIVERY.c.next_time, DELIVERY.c.seq).limit(limit))
        return [delivery_from(row) for row in rows]

    async def _run(self, statement: Executable) -> CursorResult[Any]:
        result: CursorResult[Any] = await (await self._session.connection()).execute(statement)
        return result


def _inbox(recipient: str, *, open_only: bool) -> Any:
    wanted = select(NOTIFICATION).where(NOTIFICATION.c.inbox)
    if recipient:
        wanted = wanted.where(NOTIFICATION.c.recipient == recipient)
    return wanted.where(NOTIFICATION.c.acknowledge_time.is_(None)) if open_only else wanted
