"""Guarantees that letters without a receipt are sent again or given up, and that what has expired is removed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from services.common.clock import Clock
from services.common.errors import ComeBackLater
from services.referral.handlers.deciding import drop_person
from services.referral.handlers.settling import send_again
from services.referral.ports import ReferralStore, Transaction, Work

log = structlog.get_logger(__name__)

_BATCH = 100
"""Letters sent again in one transaction: readers and callers get their turn in between."""

SystemWork = Callable[[Transaction, datetime], Work]
"""Makes what a use case needs, for what the node does by itself."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long things last."""

    keep_answers: timedelta
    give_up_after: timedelta
    keep_persons: timedelta


class Housekeeping:
    """Looks after letters and expiry, at the start and then at intervals."""

    def __init__(
        self, store: ReferralStore, work: SystemWork, clock: Clock, terms: Terms, period_seconds: float
    ) -> None:
        self._store = store
        self._work = work
        self._clock = clock
        self._terms = terms
        self._period_seconds = period_seconds

    async def once(self) -> None:
        """Do all that is due."""
        while await self._send_again() == _BATCH:
            pass
        await self._expire()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep house in the background; leaving stops it."""
        task = asyncio.create_task(self._run(), name="referral:housekeeping")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            try:
                await self.once()
            except ComeBackLater as error:
                # What is due stays due.
                log.warning("housekeeping.postponed", reason=error.reason)
            await asyncio.sleep(self._period_seconds)

    async def _send_again(self) -> int:
        moment = self._clock()
        async with self._store.transaction() as store:
            letters = await store.due(moment, _BATCH)
            for letter in letters:
                await send_again(self._work(store, moment), letter, self._terms.give_up_after)
        if letters:
            log.info("letters.resent", count=len(letters))
        return len(letters)

    async def _expire(self) -> None:
        moment = self._clock()
        async with self._store.transaction() as store:
            await store.forget_answers(moment - self._terms.keep_answers)
            for referral in await store.settled_before(moment - self._terms.keep_persons, _BATCH):
                await store.put_referral(await drop_person(self._work(store, moment), referral))
                log.info("person.erased", referral=referral.id)
