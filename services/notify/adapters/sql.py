"""Guarantees that a change is whole and alone, and that places of notifications rise in the order of commits.

One writer at a time on either engine: SQLite has no other way, on PostgreSQL a lock for the transaction makes it so.
A node is told of some hundred steps a day; a commit takes milliseconds, and readers never wait.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from services.common.db import parked, requests
from services.common.db.engine import ROWS_ADDED, Database
from services.common.db.locks import lock_for_this_transaction
from services.common.db.parked import Unreadable
from services.common.db.requests import RequestKey
from services.common.db.upserts import insert_into
from services.notify.adapters.reading import SqlReading
from services.notify.adapters.rows import (
    DELIVERY,
    MARK,
    NOTIFICATION,
    RECIPIENT,
    STEP,
    delivery_values,
    notification_values,
    recipient_values,
)
from services.notify.domain.records import Delivery, DeliveryState, Notification, Recipient
from services.notify.ports import Reading, Transaction


class SqlNotifyStore:
    """`ports.NotifyStore` on SQLite and PostgreSQL.

    This service has no outbox: the database's signal says that notifications or mails to be sent were committed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        """Look at one moment."""
        async with self._database.reading() as session:
            yield SqlReading(session)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Change something: kept at a normal exit, undone at an error or cancellation."""
        async with self._database.transaction() as session:
            await lock_for_this_transaction(await session.connection(), "notify")
            yield SqlTransaction(session)


class SqlTransaction(SqlReading):
    """`ports.Transaction` over one session."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self._added = session.info

    async def add_recipient(self, recipient: Recipient, moment: datetime) -> None:
        """Store a new recipient whose id is free."""
        await self._run(insert(RECIPIENT).values(create_time=moment, update_time=moment, **recipient_values(recipient)))

    async def replace_recipient(self, recipient: Recipient, moment: datetime) -> None:
        """Store the next version of a recipient."""
        there = update(RECIPIENT).where(RECIPIENT.c.id == recipient.id)
        await self._run(there.values(update_time=moment, **recipient_values(recipient)))

    async def remove_recipient(self, recipient_id: str) -> None:
        """Forget a recipient; what it was told stays."""
        await self._run(delete(RECIPIENT).where(RECIPIENT.c.id == recipient_id))

    async def begin_step(self, subject: str, key: str, moment: datetime) -> bool:
        """Claim a step; False when it was told before."""
        new = insert_into(await self._session.connection(), STEP).values(
            subject=subject, step_key=key, create_time=moment
        )
        first = new.on_conflict_do_nothing(index_elements=["subject", "step_key"]).returning(STEP.c.step_key)
        return (await self._run(first)).one_or_none() is not None

    async def told_steps(self, subject: str) -> list[str]:
        """Give the keys of all steps of a subject that were claimed."""
        return list((await self._run(select(STEP.c.step_key).where(STEP.c.subject == subject))).scalars())

    async def add_notification(self, notification: Notification, key: str, *, inbox: bool) -> None:
        """Store a notification."""
        await self._run(insert(NOTIFICATION).values(notification_values(notification, key, inbox=inbox)))
        self._wake()

    async def acknowledge(self, notification_id: str, moment: datetime) -> None:
        """Note when somebody saw it first."""
        there = (NOTIFICATION.c.id == notification_id) & NOTIFICATION.c.acknowledge_time.is_(None)
        await self._run(update(NOTIFICATION).where(there).values(acknowledge_time=moment))

    async def add_delivery(self, delivery: Delivery) -> None:
        """Store a delivery."""
        await self._run(insert(DELIVERY).values(delivery_values(delivery)))

    async def replace_delivery(self, delivery: Delivery) -> None:
        """Store a delivery as it now stands."""
        await self._run(update(DELIVERY).where(DELIVERY.c.id == delivery.id).values(delivery_values(delivery)))
        if delivery.next_time == delivery.update_time:
            # Asked for by a person, so due now; what waits for its next try wakes nobody.
            self._wake()

    async def give_up_handed_over(self, moment: datetime) -> int:
        """Call every mail UNKNOWN that was handed over by a process that is gone."""
        left = update(DELIVERY).where(DELIVERY.c.state == str(DeliveryState.HANDED_OVER))
        return (await self._run(left.values(state=str(DeliveryState.UNKNOWN), update_time=moment))).rowcount

    async def first_time(self, mark: str, moment: datetime) -> bool:
        """Say whether nobody asked for this mark before, ever."""
        new = insert_into(await self._session.connection(), MARK).values(name=mark, create_time=moment)
        first = new.on_conflict_do_nothing(index_elements=["name"]).returning(MARK.c.name)
        return (await self._run(first)).one_or_none() is not None

    async def answer_to(self, key: RequestKey) -> bytes | None:
        """Give the answer to a repeat; None for the first time."""
        stored = await requests.find(self._session, key)
        return None if stored is None else stored.answer

    async def keep_answer(self, key: RequestKey, answer: bytes, moment: datetime) -> None:
        """Keep the answer for repeats, together with the change."""
        await requests.remember(self._session, key, answer, moment)

    async def park(self, messages: Sequence[Unreadable], moment: datetime) -> None:
        """Keep messages that can never be applied, each once."""
        for message in messages:
            await parked.park(self._session, message, moment)

    async def purge(self, told_before: datetime, answers_before: datetime) -> int:
        """Remove what was told before a moment, and old answers."""
        await requests.forget_older(self._session, answers_before)
        old = select(NOTIFICATION.c.id).where(NOTIFICATION.c.create_time < told_before)
        await self._run(delete(DELIVERY).where(DELIVERY.c.notification_id.in_(old)))
        await self._run(delete(STEP).where(STEP.c.create_time < told_before))
        return (await self._run(delete(NOTIFICATION).where(NOTIFICATION.c.create_time < told_before))).rowcount

    def _wake(self) -> None:
        """Have the commit wake watchers and the sending of mails."""
        self._added[ROWS_ADDED] = True
