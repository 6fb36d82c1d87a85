"""Owns how the federation's streams and durables are set; making them is idempotent (federation.md, "Streams")."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from services.common.messaging.connection import NatsConnection
from services.common.messaging.envelope import MOST_BYTES
from services.common.messaging.subjects import CATALOG, CATALOG_FILTER, MAIL, MAIL_FILTER, NODE, NODE_FILTER

_GIB = 2**30
_DAY_SECONDS = 86_400

ACK_WAIT_SECONDS: Final = 15
"""How long a delivered message may stay without a sign before it is delivered again: what a killed reader had taken
waits no longer than that. A living one gives signs meanwhile (holding.py)."""

_COMMON = StreamConfig(
    storage=StorageType.FILE,
    num_replicas=1,
    duplicate_window=120,
    max_msg_size=MOST_BYTES,
)

CATALOG_STREAM: Final = replace(
    _COMMON,
    name=CATALOG,
    subjects=[CATALOG_FILTER],
    retention=RetentionPolicy.LIMITS,
    max_msgs_per_subject=1,
    # New messages are refused when it is full: dropping old ones would silently lose other regions' records.
    discard=DiscardPolicy.NEW,
    max_bytes=4 * _GIB,
    allow_direct=True,
    allow_msg_ttl=True,
    deny_delete=True,
)
"""The newest message of each record of all regions; tombstones leave after their own time."""

MAIL_STREAM: Final = replace(
    _COMMON,
    name=MAIL,
    subjects=[MAIL_FILTER],
    retention=RetentionPolicy.WORK_QUEUE,
    max_msgs_per_subject=1,
    max_age=30 * _DAY_SECONDS,
    discard=DiscardPolicy.NEW,
    max_bytes=_GIB,
)
"""Sealed messages between regions, each gone once its receiver has acknowledged it."""

NODE_STREAM: Final = replace(
    _COMMON,
    name=NODE,
    subjects=[NODE_FILTER],
    retention=RetentionPolicy.LIMITS,
    max_age=7 * _DAY_SECONDS,
    discard=DiscardPolicy.OLD,
    max_bytes=_GIB,
)
"""What the services of one node tell each other; they can resend, so the oldest may go."""


async def ensure_streams(jetstream: JetStreamContext, streams: Sequence[StreamConfig]) -> None:
    """Make each stream that is missing and set the others to what is wanted; a repeat changes nothing."""
    for wanted in streams:
        try:
            await jetstream.stream_info(str(wanted.name))
        except NotFoundError:
            await jetstream.add_stream(wanted)
        else:
            await jetstream.update_stream(wanted)


async def ensure_reader(jetstream: JetStreamContext, stream: str, durable: str, subject_filter: str) -> None:
    """Make a durable for one reader, or set it to what is wanted; where it stands in the stream stays."""
    await jetstream.add_consumer(
        stream,
        ConsumerConfig(
            durable_name=durable,
            filter_subject=subject_filter,
            # All: only such a durable can be reset to the beginning; compaction makes "all" the newest of each record.
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_SECONDS,
            max_ack_pending=2_000,
            max_deliver=-1,
        ),
    )


async def remove_reader(jetstream: JetStreamContext, stream: str, durable: str) -> None:
    """Delete a durable; one that is not there is fine."""
    try:
        await jetstream.delete_consumer(stream, durable)
    except NotFoundError:
        return


async def reset_reader(connection: NatsConnection, stream: str, durable: str) -> None:
    """Have a durable deliver its whole stream once more; the inbox drops what was applied already.

    A region may do this to its own durable. Raises NotConnected, or the library's error when the hub refuses.
    """
    await connection.jetstream.reset_consumer(stream, durable, seq=1)


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as a stream holds it; `time` is the server's, aware."""

    seq: int
    time: datetime
    data: bytes


async def newest_message(connection: NatsConnection, stream: str, subject: str) -> StoredMessage | None:
    """Look up the newest message on a subject, as the broker's admin; None when there is none. Raises NotConnected."""
    try:
        message = await connection.jetstream.get_last_msg(stream, subject)
    except NotFoundError:
        return None
    if message.seq is None or message.time is None:
        return None
    return StoredMessage(message.seq, message.time, message.data or b"")
