"""Guarantees that every outbox row reaches its stream at least once, and that no older version follows a newer one.

One relay per target sends the newest row of each record (federation.md, "Outbox relay", rules 1–6). A row is forgotten
only after the stream's acknowledgement; no answer means unknown, and an unknown row is sent again under the same
message id until an answer settles it. Only then may a newer version of the same record go out.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Final

import structlog

from services.common.clock import Clock
from services.common.crypto.keys import Signer
from services.common.db.engine import Database
from services.common.db.locks import SoleHolder, sole_holder
from services.common.db.outbox import OutboxRecord, OutboxRow
from services.common.db.wake import OutboxSignal
from services.common.messaging.backoff import Backoff
from services.common.messaging.batch import Outcome
from services.common.messaging.connection import NatsConnection, NotConnected
from services.common.messaging.draining import Drain
from services.common.messaging.head import DEFAULT_PACE, HeadPace, HeadPublisher, HeadSource
from services.common.messaging.packing import HUB, LOCAL, Address
from services.common.messaging.publishing import SILENCE_SECONDS
from services.common.names import RegionId

__all__ = ["HUB", "LOCAL", "OutboxRelay"]

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 1.0


class OutboxRelay:
    """Carries one target's outbox rows to its stream. Of several replicas one at a time does; the others wait."""

    def __init__(
        self,
        database: Database,
        connection: NatsConnection,
        target: str,
        region: RegionId,
        signer: Signer,
        epoch: int,
        clock: Clock,
        *,
        subject_of: Callable[[OutboxRow], str],
        record_of: Callable[[OutboxRow], OutboxRecord] | None = None,
        signal: OutboxSignal | None = None,
        head: HeadSource | None = None,
        head_pace: HeadPace = DEFAULT_PACE,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        """Wire it; nothing is sent before `running` or `drain_once`.

        `subject_of` names a row's subject, and ValueError there makes the row rest; `record_of` gives what it says
        where that is not how it stands in the outbox. `epoch` and `head` are for the head only, which the hub target
        has; `signal` defaults to the database's own.
        """
        address = Address(target, region, signer, subject_of)
        self.target = target
        self._database = database
        self._connection = connection
        self._signal = signal or database.signal
        address = replace(address, record_of=record_of) if record_of else address
        self._drain = Drain(database, connection, address, silence_seconds)
        self._head = HeadPublisher(connection, region, signer, epoch, clock, head, head_pace) if head else None
        self._quick = Backoff(0.1, 5.0)
        self._slow = Backoff(0.5, 60.0)

    @property
    def refused(self) -> int | None:
        """Why the stream takes nothing right now (the server's error code); None when it does. For health."""
        return self._drain.refused

    @property
    def rolled_back(self) -> bool:
        """Whether the stream was seen to number lower than before: it lost what it had acknowledged. For health."""
        return self._drain.rolled_back

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Relay in the background; leaving stops it, and what was on its way is sent again by the next start."""
        async with sole_holder(self._database.engine, f"relay:{self.target}") as claim:
            task = asyncio.create_task(self._run(claim), name=f"relay:{self.target}")
            try:
                yield
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def drain_once(self) -> int:
        """Send one batch and give the number of records acknowledged; raises NotConnected and database errors."""
        return len((await self._drain.once()).acked)

    async def _run(self, claim: SoleHolder) -> None:
        while True:
            count = self._signal.count
            try:
                await self._connection.until_connected()
                if not await claim.holds():
                    # Two relays would have two publishes of one record on their way.
                    self._drain.drop_prepared()
                    await asyncio.sleep(POLL_SECONDS)
                    continue
                outcome = await self._drain.once()
                wait = self._wait_after(outcome)
                if wait is None:
                    wait = await self._head_if_due()
            except NotConnected:
                wait = self._quick.next()
            except Exception:
                # Whatever breaks in one round, the rows are still there for the next.
                log.exception("relay.failed", target=self.target)
                wait = self._quick.next()
            if wait is not None:
                await asyncio.sleep(wait)
            elif not outcome.acked:
                await self._signal.wait_beyond(count, POLL_SECONDS)

    def _wait_after(self, outcome: Outcome) -> float | None:
        """Say how long to rest: not at all when all went well, up to 5 s after silence, up to 60 s after refusals."""
        if self.refused is not None:
            return self._slow.next()
        self._slow.reset()
        if outcome.unknown:
            return self._quick.next()
        self._quick.reset()
        return None

    async def _head_if_due(self) -> float | None:
        """Send the head, alone and after everything up to its mark; gives a rest when it had no answer.

        A row that rests holds the mark back, not the head: one bad row must not make a region look stale.
        """
        now = asyncio.get_running_loop().time()
        mark = self._drain.mark.sent_seq
        if self._head is None or not self._head.due(now, mark):
            return None
        return None if await self._head.publish(now, mark) else self._quick.next()
