"""A store under test and what it has sent."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from services.common.db.outbox import OutboxRecord
from services.directory.ports import DirectoryStore

EPOCH = 3


@dataclass(frozen=True)
class Bench:
    """`sent` gives what the store put into its outbox, oldest first."""

    store: DirectoryStore
    sent: Callable[[], Awaitable[Sequence[OutboxRecord]]]
