"""Guarantees that what goes on to be applied is genuine, and that what is not is named with its reason."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from nats.aio.msg import Msg

from services.common.db.parked import Unreadable
from services.common.messaging.envelope import Verify
from services.common.messaging.flood import PAUSE_SECONDS, FloodGuard, Verdict
from services.common.messaging.received import Received
from services.common.messaging.refusals import FORGERIES, Reason, Refused
from services.common.messaging.subjects import NotASubject, parse_subject

log = structlog.get_logger(__name__)

_YIELD_EVERY = 50
"""Messages checked in one go, about 10 ms of signatures: other calls of the service get their turn."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A genuine message and the handle by which it is acknowledged."""

    message: Msg
    received: Received


@dataclass(frozen=True, slots=True)
class Unfit:
    """A message that cannot be applied, and its handle."""

    message: Msg
    unreadable: Unreadable


class Inspection:
    """Checks the messages of one stream and keeps an eye on regions that send bad ones."""

    def __init__(self, stream: str, verify: Verify, guard: FloodGuard) -> None:
        self._stream = stream
        self._verify = verify
        self._guard = guard

    async def sort(self, messages: Sequence[Msg]) -> tuple[list[Checked], list[Unfit]]:
        """Part the good from the bad; those of a paused region are put back or skipped and stand in neither."""
        good: list[Checked] = []
        bad: list[Unfit] = []
        for number, message in enumerate(messages, start=1):
            if not await self._admitted(message):
                continue
            try:
                good.append(self._checked(message))
            except Refused as refusal:
                bad.append(Unfit(message, self.unreadable(message, refusal.reason)))
            if number % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
        self.report([unfit.unreadable for unfit in bad])
        return good, bad

    def unreadable(self, message: Msg, reason: Reason) -> Unreadable:
        """Describe a message that is to be parked."""
        return Unreadable(self._stream, message.subject, region_of(message.subject), reason, message.data)

    def report(self, refused: Sequence[Unreadable]) -> None:
        """Count what was refused, by region; forgeries are an alarm, the rest a warning."""
        for (region, reason), count in Counter((one.region, one.reason) for one in refused).items():
            say = log.error if reason in FORGERIES else log.warning
            say("messages.refused", stream=self._stream, region=region, reason=str(reason), count=count)
            self._guard.note_bad(region, count)

    async def _admitted(self, message: Msg) -> bool:
        verdict = self._guard.verdict(region_of(message.subject))
        if verdict is Verdict.PUT_BACK:
            await message.nak(delay=PAUSE_SECONDS)
        elif verdict is Verdict.SKIP:
            await message.ack()
        return verdict is Verdict.READ

    def _checked(self, message: Msg) -> Checked:
        envelope = self._verify(message.data, message.subject)
        place = message.metadata
        return Checked(
            message,
            Received(message.subject, envelope, message.data, place.sequence.stream, place.num_delivered),
        )


def region_of(subject: str) -> str:
    """Name the region that a subject claims, or "" when it names none."""
    try:
        return parse_subject(subject).region or ""
    except NotASubject:
        return ""
