"""Guarantees that each message of a durable is applied at least once, and that one bad message stops nobody.

Messages come and are applied in batches. One is acknowledged only after `apply` or `park` has returned, both durable by
then; a crash in between brings it again, and the inbox makes the repeat harmless (federation.md, "Consumer and inbox").
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Final, NoReturn

import nats.errors
import structlog
from nats.aio.msg import Msg

from services.common.clock import Clock, utc_now
from services.common.db.parked import Unreadable
from services.common.errors import ComeBackLater
from services.common.messaging.backoff import Backoff
from services.common.messaging.connection import NatsConnection, NotConnected
from services.common.messaging.envelope import Verify
from services.common.messaging.flood import FloodGuard
from services.common.messaging.holding import HOLD_SECONDS, held
from services.common.messaging.inspection import Checked, Inspection, Unfit
from services.common.messaging.pull import DurableMissing, Pull
from services.common.messaging.received import Apply, Park, ReaderState, Trouble
from services.common.messaging.refusals import Reason
from services.common.messaging.streams import reset_reader

log = structlog.get_logger(__name__)

MOST_DELIVERIES: Final = 5
"""A message that alone breaks `apply` is parked at its fifth try (reliability.md, I14)."""
MOST_PATIENCE_SECONDS: Final = 10.0
"""Longest wait before a postponed batch is tried again, so the longest that a part that is back goes unnoticed."""
_LATER = (ComeBackLater, OSError, TimeoutError, NotConnected)


class Postponed(Exception):
    """What applying or parking needs is away; the batch comes again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__("postponed")
        self.seconds = seconds


class CatalogReader:
    """Reads one durable of one stream and hands on what is genuine. Several may share a durable."""

    def __init__(
        self,
        connection: NatsConnection,
        stream: str,
        durable: str,
        verify: Verify,
        apply: Apply,
        park: Park,
        *,
        clock: Clock = utc_now,
        guard: FloodGuard | None = None,
        hold_seconds: float = HOLD_SECONDS,
    ) -> None:
        """Wire it; `verify` opens a message or raises Refused, `apply` and `park` are described in received.py.

        `hold_seconds` is how often the broker is told that messages taken are still worked on.
        """
        self._connection = connection
        self._stream = stream
        self._durable = durable
        self._pull = Pull(connection, stream, durable)
        self._guard = guard or FloodGuard(lambda: asyncio.get_running_loop().time())
        self._inspection = Inspection(stream, verify, self._guard)
        self._apply = apply
        self._park = park
        self._clock = clock
        self._hold_seconds = hold_seconds
        self._patience = Backoff(1.0, MOST_PATIENCE_SECONDS)
        self._trouble: Trouble | None = Trouble.NOT_CONNECTED
        self._pending: int | None = None
        self._last_fetch: datetime | None = None
        self._applied = 0
        self._parked = 0

    @property
    def state(self) -> ReaderState:
        """How it stands now."""
        return ReaderState(
            trouble=self._trouble,
            pending=self._pending,
            last_fetch=self._last_fetch,
            applied=self._applied,
            parked=self._parked,
            paused=self._guard.paused(),
            skipped=dict(self._guard.skipped),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read in the background; leaving stops it, and what was not acknowledged comes again."""
        task = asyncio.create_task(self._run(), name=f"reader:{self._durable}")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        backoff = Backoff(0.2, 5.0)
        while True:
            session = 0
            try:
                await self._connection.until_connected()
                session = self._connection.sessions
                await self.read_once()
            except Exception as error:  # noqa: BLE001  # one of the three places where style.md allows it
                # The reader must outlive whatever breaks: what it has not acknowledged comes again.
                await self._rest_after(error, backoff, session)
            else:
                self._trouble = None
                backoff.reset()

    async def _rest_after(self, error: Exception, backoff: Backoff, session: int) -> None:
        """Say what is wrong, bind anew and wait."""
        if isinstance(error, Postponed):
            self._trouble = Trouble.POSTPONED
            # Reading on would only put back the next batch as well.
            await asyncio.sleep(error.seconds)
            return
        wait = backoff.next()
        is_broken = not self._connection.connected or self._connection.sessions != session
        match error:
            case NotConnected():
                self._trouble = Trouble.NOT_CONNECTED
            case nats.errors.Error() | ConnectionError() if is_broken:
                # The link broke while messages were acknowledged or put back: they come again.
                self._trouble = Trouble.NOT_CONNECTED
            case DurableMissing():
                self._trouble = Trouble.DURABLE_MISSING
                log.error("durable.missed", durable=self._durable)
            case _:
                self._trouble = Trouble.FAILED
                log.error("reader.failed", durable=self._durable, exc_info=error)
        with suppress(nats.errors.Error, OSError):
            await self._pull.unbind()
        await asyncio.sleep(wait)

    async def read_once(self) -> int:
        """Take one batch to its end and give the number of messages it had.

        Raises NotConnected, DurableMissing, PullRefused, Postponed, and the library's errors.
        """
        messages = await self._pull.fetch()
        self._last_fetch = self._clock()
        self._pending = messages[-1].metadata.num_pending if messages else 0
        # What came since waits as long as this batch takes, so it is held as well.
        async with held(lambda: (*messages, *self._pull.waiting), self._hold_seconds):
            good, bad = await self._inspection.sort(messages)
            await self._set_aside(bad)
            await self._apply_all(good)
        if not messages and self._guard.look_again():
            log.info("durable.reset", durable=self._durable)
            await reset_reader(self._connection, self._stream, self._durable)
        return len(messages)

    async def _set_aside(self, bad: Sequence[Unfit]) -> None:
        """Park, then acknowledge."""
        if not bad:
            return
        try:
            await self._park([unfit.unreadable for unfit in bad])
        except _LATER as error:
            await self._postpone([unfit.message for unfit in bad], error)
        self._parked += len(bad)
        for unfit in bad:
            await unfit.message.ack()

    async def _apply_all(self, batch: Sequence[Checked]) -> None:
        """Apply, park what `apply` found unfit, then acknowledge; cuts the batch in halves around what breaks it."""
        if not batch:
            return
        try:
            unfit = await self._apply([checked.received for checked in batch])
        except _LATER as error:
            await self._postpone([checked.message for checked in batch], error)
        except Exception as error:  # noqa: BLE001  # same loop
            # A defect of ours, most likely met in one message: the others must not wait for its cure.
            await self._apply_around(batch, error)
            return
        self._patience.reset()
        await self._park_unfit(unfit or ())
        self._applied += len(batch) - len(unfit or ())
        for checked in batch:
            await checked.message.ack()

    async def _apply_around(self, batch: Sequence[Checked], error: Exception) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            await self._apply_all(batch[:middle])
            await self._apply_all(batch[middle:])
            return
        message, deliveries = batch[0].message, batch[0].received.deliveries
        log.error("message.failed", durable=self._durable, deliveries=deliveries, exc_info=error)
        if deliveries < MOST_DELIVERIES:
            await message.nak(delay=float(2 ** (deliveries - 1)))
            return
        unreadable = self._inspection.unreadable(message, Reason.BODY_INVALID)
        self._inspection.report([unreadable])
        await self._set_aside([Unfit(message, unreadable)])

    async def _park_unfit(self, unfit: Sequence[Unreadable]) -> None:
        """Park what `apply` gave back; its messages are acknowledged with their batch."""
        if not unfit:
            return
        self._inspection.report(unfit)
        await self._park(unfit)
        self._parked += len(unfit)

    async def _postpone(self, messages: Sequence[Msg], error: Exception) -> NoReturn:
        """Have messages come again later, in whatever order: versions order them, not arrival."""
        seconds = self._patience.next()
        log.warning("batch.postponed", durable=self._durable, messages=len(messages), exc_info=error)
        for message in messages:
            await message.nak(delay=seconds)
        raise Postponed(seconds) from error
