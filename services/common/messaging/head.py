"""Guarantees that a node tells at intervals how far it has published; readers judge its freshness by that."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog

from lotse.federation.v1.envelope_pb2 import NodeHead
from services.common.clock import Clock
from services.common.crypto.keys import Signer
from services.common.db.outbox import OutboxRecord
from services.common.messaging.connection import NatsConnection
from services.common.messaging.envelope import seal
from services.common.messaging.publishing import Acked, publish_window
from services.common.messaging.subjects import HEAD_ID, HEAD_KIND, head_subject, message_id
from services.common.names import RegionId

log = structlog.get_logger(__name__)

HeadSource = Callable[[], Awaitable[NodeHead]]
"""Counts what the node has published; epoch and high mark are filled in by the relay."""


@dataclass(frozen=True, slots=True)
class HeadPace:
    """How often a head goes out, in seconds: so long after the last one if something changed since, else so long."""

    changed_seconds: float = 10.0
    idle_seconds: float = 60.0


DEFAULT_PACE: Final = HeadPace()


class HeadPublisher:
    """Publishes one region's head. The relay calls it when everything before is acknowledged, and waits for it."""

    def __init__(
        self,
        connection: NatsConnection,
        region: RegionId,
        signer: Signer,
        epoch: int,
        clock: Clock,
        source: HeadSource,
        pace: HeadPace = DEFAULT_PACE,
    ) -> None:
        self._connection = connection
        self._region = region
        self._signer = signer
        self._epoch = epoch
        self._clock = clock
        self._source = source
        self._pace = pace
        self._last_time: float | None = None
        self._last_mark = 0
        self._revision = 0

    def due(self, now: float, mark: int) -> bool:
        """Say whether it is time; `now` in seconds of the event loop, `mark` the outbox position that is out."""
        if self._last_time is None:
            return True
        pace = self._pace.changed_seconds if mark != self._last_mark else self._pace.idle_seconds
        return now >= self._last_time + pace

    async def publish(self, now: float, mark: int) -> bool:
        """Send one head and wait for its answer; False when there was none. Raises NotConnected."""
        head = await self._source()
        head.epoch = self._epoch
        head.outbox_high_mark = mark
        # A head is no outbox row, so nothing counts its revisions over a restart: seconds do, and never backwards
        # within one process. Should a clock be set back, readers take the next head once it has caught up.
        self._revision = max(self._revision + 1, int(self._clock().timestamp()))
        record = OutboxRecord(
            HEAD_KIND, HEAD_ID, self._epoch, self._revision, False, head.SerializeToString(), self._clock()
        )
        subject = head_subject(self._region)
        headers = {"Nats-Msg-Id": message_id(self._region, HEAD_KIND, HEAD_ID, self._epoch, self._revision, mark)}
        async with publish_window(self._connection) as window:
            await window.send(0, subject, seal(record, mark, subject, self._region, self._signer), headers)
            answer = (await window.answers()).get(0)
        if not isinstance(answer, Acked):
            return False
        self._last_time, self._last_mark = now, mark
        log.debug("head.published", region=self._region, outbox_seq=mark)
        return True
